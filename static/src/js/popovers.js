// Menus and definitions are native popovers, so nothing clips them; here they find their place beside their button.
import { on } from './lib/dom.js';

const GAP = 6;
const EDGE = 8;

/** Put `floating` under `anchor`, or above it where there is no room, within the window. */
export function place(floating, anchor, align = 'start') {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const left = align === 'end' ? at.right - width : at.left;
  const below = at.bottom + GAP;
  const top = below + height > innerHeight - EDGE && at.top - GAP - height > EDGE ? at.top - GAP - height : below;
  floating.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  floating.style.top = `${top}px`;
}

function anchorOf(popover) {
  return document.querySelector(`[popovertarget="${popover.id}"]`) ?? popover.previousElementSibling;
}

document.addEventListener(
  'toggle',
  (event) => {
    const popover = event.target;
    if (event.newState !== 'open' || !popover.matches?.('.fl-pop')) return;
    place(popover, anchorOf(popover), popover.dataset.align);
    popover.querySelector('[autofocus]')?.focus();
  },
  true,
);

// Arrow keys walk a menu.
on('keydown', '.fl-pop.menu', (event, menu) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const items = [...menu.querySelectorAll('a, button:not(:disabled)')];
  const next = items.indexOf(document.activeElement) + step;
  items.at(next % items.length)?.focus();
  event.preventDefault();
});
on('keydown', '[popovertarget]', (event, button) => {
  const popover = document.getElementById(button.getAttribute('popovertarget'));
  if (event.key !== 'ArrowDown' || !popover?.matches('.menu')) return;
  event.preventDefault();
  popover.showPopover();
  popover.querySelector('a, button:not(:disabled)')?.focus();
});

// Definitions open on hover and focus and close on Esc.
let shown = null;
function hide() {
  if (shown?.matches(':popover-open')) shown.hidePopover();
  shown = null;
}
function show(button) {
  const tip = button.nextElementSibling;
  if (tip === shown) return;
  hide();
  tip.showPopover();
  place(tip, button);
  shown = tip;
}
on('mouseover', '.fl-def', (_event, def) => show(def.firstElementChild));
on('mouseout', '.fl-def', (event, def) => {
  if (!def.contains(event.relatedTarget) && !def.contains(document.activeElement)) hide();
});
on('focusin', '.fl-def', (_event, def) => show(def.firstElementChild));
on('focusout', '.fl-def', hide);
on('click', '.fl-def > button', (_event, button) => show(button));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hide();
});
// What focus opened stays beside its button: a key press that brings the button into view scrolls too.
function follow() {
  const button = shown?.previousElementSibling;
  if (button && button === document.activeElement) place(shown, button);
  else hide();
}
addEventListener('scroll', follow, { passive: true, capture: true });
document.documentElement.dataset.ready = '';

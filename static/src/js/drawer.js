// Under 992 px the navigation is a drawer: what lies behind it is inert while it is open, Esc closes it.
import { on } from './lib/dom.js';

const shell = document.querySelector('.fl-shell');
const side = document.getElementById('side');

function set(open) {
  if (!shell || !side) return;
  shell.toggleAttribute('data-drawer', open);
  for (const node of shell.children) if (node !== side && !node.matches('.fl-scrim')) node.inert = open;
  const button = document.querySelector('[data-drawer-open]');
  button?.setAttribute('aria-expanded', String(open));
  if (open) side.querySelector('a, button')?.focus();
  else if (side.contains(document.activeElement)) button?.focus();
}

on('click', '[data-drawer-open]', () => set(true));
on('click', '.fl-scrim', () => set(false));
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !shell?.hasAttribute('data-drawer')) return;
  if (!document.querySelector(':popover-open, dialog[open]')) set(false);
});
matchMedia('(min-width: 992px)').addEventListener('change', () => set(false));

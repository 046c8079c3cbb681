// Keys that work on every page. Single letters rest while a field has focus, and can be switched off in the list of keys.
import { kept, on, typing } from './lib/dom.js';
import { moveRow, tickRow } from './tables.js';
import { openPalette } from './palette.js';

const PLACES = { o: '/', c: '/customers', s: '/segments', m: '/campaigns', e: '/experiments', f: '/funnels' };
let afterG = 0;

const lettersOn = () => kept.get('fl-letters', 'on') === 'on';

/** Go only where the navigation leads: a room that is not there, or not allowed, has no key. */
function go(key) {
  const link = PLACES[key] && document.querySelector(`.fl-nav a[href="${PLACES[key]}"]`);
  if (link) link.click();
  return Boolean(link);
}

function clear() {
  const bar = document.querySelector('[data-bulk]:not([hidden]) [data-bulk-clear]');
  if (bar) bar.click();
  else if (typing()) document.activeElement.blur();
}

const LETTERS = {
  '/': () => document.querySelector('main [type="search"]')?.focus(),
  n: () => document.querySelector('[data-key="n"]')?.click(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: tickRow,
  '?': () => document.getElementById('fl-keys')?.showModal(),
  g: () => {
    afterG = Date.now();
  },
};

document.addEventListener('keydown', (event) => {
  const chord = event.metaKey || event.ctrlKey;
  if (chord && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open], :popover-open')) {
    clear();
  }
  if (chord || event.altKey || event.defaultPrevented || typing(event.target) || !lettersOn()) return;
  if (document.querySelector('dialog[open]')) return;
  if (Date.now() - afterG < 1500 && go(event.key)) return event.preventDefault();
  if (event.key in LETTERS) {
    event.preventDefault();
    LETTERS[event.key]();
  }
  return undefined;
});

/** The box stands in the list of keys and on the account page. */
function showLetters() {
  for (const box of document.querySelectorAll('[data-letters]')) box.checked = lettersOn();
}

on('change', '[data-letters]', (_event, box) => {
  kept.set('fl-letters', box.checked ? 'on' : 'off');
  showLetters();
});
showLetters();

// ⌘ stands on the page; where there is no such key it reads Ctrl.
if (!/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll('[data-chord]')) key.textContent = `Ctrl ${key.dataset.chord}`;
}

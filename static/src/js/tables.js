// Rows of a table[data-select]: tick, tick a range with Shift, tick all, and the bar that says what may be done.
import { on } from './lib/dom.js';

const boxes = (table) => [...table.querySelectorAll('tbody input[data-row]')];
const barOf = (table) => document.querySelector(`[data-bulk="${table.id}"]`);
let last = null;

function show(table) {
  const all = boxes(table);
  const ticked = all.filter((box) => box.checked);
  for (const box of all) box.closest('tr').toggleAttribute('data-picked', box.checked);
  const head = table.querySelector('input[data-row-all]');
  if (head) {
    head.checked = all.length > 0 && ticked.length === all.length;
    head.indeterminate = ticked.length > 0 && !head.checked;
  }
  const bar = barOf(table);
  if (!bar) return;
  bar.hidden = ticked.length === 0;
  everyone(bar, false);
  bar.querySelector('[data-bulk-count]').textContent = `${ticked.length.toLocaleString('en')} selected`;
}

/** The whole result, beyond this page: one hidden field instead of a hundred thousand ids. */
function everyone(bar, on_) {
  const field = bar.querySelector('input[name="everyone"]');
  if (field) field.disabled = !on_;
  const button = bar.querySelector('[data-bulk-everyone]');
  if (button) button.hidden = on_;
  if (on_) bar.querySelector('[data-bulk-count]').textContent = `All ${button.dataset.bulkEveryone} selected`;
}

on('click', 'input[data-row]', (event, box) => {
  const table = box.closest('table');
  const all = boxes(table);
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  show(table);
});
on('change', 'input[data-row-all]', (_event, head) => {
  const table = head.closest('table');
  for (const box of boxes(table)) box.checked = head.checked;
  show(table);
});
on('click', '[data-bulk-everyone]', (_event, button) => everyone(button.closest('[data-bulk]'), true));
on('click', '[data-bulk-clear]', (_event, button) => {
  const table = document.getElementById(button.closest('[data-bulk]').dataset.bulk);
  for (const box of boxes(table)) box.checked = false;
  show(table);
  table.querySelector('tbody a.t')?.focus();
});
// A browser that goes back restores ticks; a new part of the list starts with none.
addEventListener('pageshow', () => document.querySelectorAll('table[data-select]').forEach(show));
document.addEventListener('htmx:afterSwap', () => document.querySelectorAll('table[data-select]').forEach(show));

/** Move to the next or previous row; its link takes the focus, so Enter opens it. */
export function moveRow(step) {
  const links = [...document.querySelectorAll('main .fl-table tbody a.t')].filter((link) => link.offsetParent);
  if (links.length === 0) return false;
  const at = links.indexOf(document.activeElement?.closest('tr')?.querySelector('a.t'));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(at + step, links.length - 1));
  links[next].focus();
  links[next].scrollIntoView({ block: 'nearest' });
  return true;
}

export function tickRow() {
  document.activeElement?.closest('tr')?.querySelector('input[data-row]')?.click();
}

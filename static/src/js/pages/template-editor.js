// The editor of templates: the answer beside it comes by htmx; this shows it in the frame, switches its looks and inserts fields.
import { kept, on } from '../lib/dom.js';

const form = document.getElementById('editor');
const preview = document.querySelector('[data-preview]');
const frame = preview.querySelector('[data-frame]');
let shown = '';
let last = form.elements.namedItem('body');

/** Load the rendered words in the frame, without a step in the history: one goes back to the page before, not to a letter ago. */
function show() {
  const draft = document.getElementById('answer')?.dataset.address;
  if (!draft) return;
  const address = `${draft}${draft.includes('?') ? '&' : '?'}scheme=${preview.dataset.scheme}`;
  if (address === shown) return;
  shown = address;
  frame.contentWindow.location.replace(address);
}
document.addEventListener('htmx:afterSettle', (event) => {
  if (event.detail.target?.id === 'answer') show();
});

function choose(name, value) {
  preview.dataset[name] = value;
  for (const button of preview.querySelectorAll(`[data-set="${name}"]`)) {
    button.setAttribute('aria-pressed', String(button.dataset.value === value));
  }
}
on('click', '[data-set]', (_event, { dataset }) => {
  choose(dataset.set, dataset.value);
  if (dataset.set === 'part') {
    preview.querySelector('[data-part]').value = dataset.value;
    form.dispatchEvent(new CustomEvent('look'));
    return;
  }
  kept.set(`fl-preview-${dataset.set}`, dataset.value);
  show();
});
for (const [name, usual] of [
  ['device', 'desktop'],
  ['scheme', 'light'],
]) {
  choose(name, kept.get(`fl-preview-${name}`, usual));
}
// The field of the customer stands outside the form's element, so its events do not pass through it.
document.getElementById('who')?.addEventListener('change', () => form.dispatchEvent(new CustomEvent('look')));

form.addEventListener('focusin', ({ target }) => {
  if (target.matches('textarea, input[name=subject], input[name=preheader]')) last = target;
});
on('change', '[data-insert]', (_event, menu) => {
  const text = menu.value;
  menu.value = '';
  if (!text) return;
  const start = last.selectionStart ?? last.value.length;
  last.setRangeText(text, start, last.selectionEnd ?? start, 'end');
  const hole = text.indexOf('…');
  last.focus();
  if (hole >= 0) last.setSelectionRange(start + hole, start + hole + 1);
  last.dispatchEvent(new Event('input', { bubbles: true }));
});

addEventListener('beforeunload', (event) => {
  if (form.dataset.changed && !form.dataset.sent) event.preventDefault();
});
form.addEventListener('input', () => {
  form.dataset.changed = 'yes';
});

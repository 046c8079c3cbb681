// Where the columns of a file go: shows what matters for each choice, fills long lists when they are opened, finds a column.
import { on } from '../lib/dom.js';

const form = document.querySelector('form[data-columns]');
const targets = document.getElementById('targets');
const STYLES = { number: 'mark', money: 'mark', date: 'order', datetime: 'order' };

/** A file of hundreds of columns comes with short lists; the whole one is put in when a list is about to open. */
function fill(select) {
  if (!targets || select.dataset.filled) return;
  select.dataset.filled = 'yes';
  const value = select.value;
  select.querySelectorAll('optgroup').forEach((group) => group.remove());
  select.append(targets.content.cloneNode(true));
  select.value = value;
}

function arrange(column) {
  const to = column.querySelector('[data-to]');
  const made = to.value === 'new';
  const type = made ? column.querySelector('[data-type-of]').value : (to.selectedOptions[0]?.dataset.type ?? '');
  const style = to.value ? STYLES[type] : undefined;
  column.classList.toggle('out', !to.value);
  for (const part of column.querySelectorAll('[data-of-new]')) part.hidden = !made;
  column.querySelector('[data-of-mark]').hidden = style !== 'mark' || !('marked' in column.dataset);
  column.querySelector('[data-of-order]').hidden = style !== 'order';
}

function chosen(column) {
  column.querySelector('[data-why]').textContent = 'Chosen by you';
  arrange(column);
}

for (const type of ['pointerdown', 'focusin', 'keydown']) {
  on(type, '[data-to]', (_event, select) => fill(select), { capture: true });
}
on('change', '[data-to], [data-type-of]', (_event, field) => chosen(field.closest('.fl-column')));
on('change', 'input[name=consent]', (_event, radio) => {
  form.querySelector('[data-basis]').hidden = radio.value !== 'subscribed';
});
on('input', '[data-find]', (_event, field) => {
  const words = field.value.trim().toLowerCase();
  let any = false;
  for (const column of form.querySelectorAll('.fl-column')) {
    column.hidden = !column.dataset.column.includes(words);
    any ||= !column.hidden;
  }
  form.querySelector('[data-none]').hidden = any;
});
// Enter in the search field must not send the form.
on('keydown', '[data-find]', (event) => event.key === 'Enter' && event.preventDefault());

function all(from, to) {
  for (const column of form.querySelectorAll('.fl-column')) {
    const select = column.querySelector('[data-to]');
    if (select.value !== from) continue;
    select.value = to;
    chosen(column);
  }
}
on('click', '[data-all-new]', () => all('new', ''));
on('click', '[data-all-out]', () => all('', 'new'));

const tools = form.querySelector('[data-tools]');
if (tools) tools.hidden = false;
form.querySelectorAll('.fl-column').forEach(arrange);

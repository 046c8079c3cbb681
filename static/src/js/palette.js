// Find or do (⌘K): places and acts of this page at once, then what the server finds.
import { debounce, el, icon, on, typing } from './lib/dom.js';
import { send } from './lib/http.js';

const dialog = document.getElementById('fl-palette');
const input = dialog?.querySelector('input');
const list = dialog?.querySelector('[role="listbox"]');
const note = dialog?.querySelector('[data-palette-note]');
let chosen = 0;
let running = null;

/** Everything on this page that leads somewhere or does something by name. */
function own() {
  const links = [...document.querySelectorAll('.fl-nav a[href]')].map((link) => ({
    group: 'Go to',
    label: link.dataset.label ?? link.textContent.trim(),
    icon: link.dataset.icon ?? 'arrow-right',
    act: () => link.click(),
  }));
  const acts = [...document.querySelectorAll('[data-command]')].map((node) => ({
    group: 'Do',
    label: node.dataset.command || node.textContent.trim(),
    icon: 'bolt',
    act: () => node.click(),
  }));
  return [...acts, ...links];
}

function matches(item, words) {
  const label = item.label.toLowerCase();
  return words.every((word) => label.includes(word));
}

function option(item, index) {
  const row = el('li', { role: 'option', id: `fl-option-${index}`, 'aria-selected': 'false' });
  row.append(icon(item.icon ?? 'arrow-right'), el('span', { class: 'fl-clip' }, item.label));
  if (item.note) row.append(el('small', { class: 'fl-clip' }, item.note));
  row.addEventListener('click', () => run(item));
  row.addEventListener('mousemove', () => choose(index));
  row.item = item;
  return row;
}

function draw(items) {
  let group = null;
  let index = 0;
  list.replaceChildren();
  for (const item of items) {
    if (item.group !== group) list.append(el('li', { role: 'presentation', class: 'group' }, item.group));
    group = item.group;
    list.append(option(item, index++));
  }
  choose(0);
}

function choose(index) {
  const rows = [...list.querySelectorAll('[role="option"]')];
  chosen = rows.length ? (index + rows.length) % rows.length : 0;
  rows.forEach((row, at) => row.setAttribute('aria-selected', String(at === chosen)));
  if (rows[chosen]) {
    input.setAttribute('aria-activedescendant', rows[chosen].id);
    rows[chosen].scrollIntoView({ block: 'nearest' });
  } else input.removeAttribute('aria-activedescendant');
}

function run(item) {
  dialog.close();
  if (item.act) item.act();
  else location.assign(item.href);
}

const ask = debounce(180, async (text) => {
  running?.abort();
  running = new AbortController();
  const here = local(text);
  try {
    const { items } = await send('GET', `${dialog.dataset.url}?q=${encodeURIComponent(text)}`, null, running);
    if (input.value.trim() !== text) return;
    draw([...here, ...items]);
    say(here.length + items.length, text);
  } catch (error) {
    if (error.name !== 'AbortError') say(here.length, text, 'Search is not answering; places and acts still work.');
  }
});

function local(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return own().filter((item) => matches(item, words));
}

function say(count, text, instead = '') {
  note.textContent = instead || (count === 0 ? `Nothing is called “${text}”.` : '');
}

function update() {
  const text = input.value.trim();
  draw(local(text));
  say(1, text);
  if (text.length > 1 && dialog.dataset.url) ask(text);
}

export function openPalette() {
  if (!dialog || dialog.open) return;
  input.value = '';
  update();
  dialog.showModal();
  input.focus();
}

on('click', '[data-palette]', openPalette);
input?.addEventListener('input', update);
input?.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(chosen + step);
  else if (event.key === 'Enter' && typing()) {
    const row = list.querySelectorAll('[role="option"]')[chosen];
    if (row) run(row.item);
  } else return;
  event.preventDefault();
});

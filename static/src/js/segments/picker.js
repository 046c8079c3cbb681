// What a new rule may be about: one list to search, of fields, activities and segments.
import { el } from '../lib/dom.js';
import { place } from '../popovers.js';
import { begin } from './words.js';

let serial = 0;
const ABOUT = 'What the rule is about';

function entries(words) {
  const fields = words.fields.map((field) => ({
    group: field.group,
    label: field.label,
    make: () => ({ kind: 'field', field: field.path, ...begin(field) }),
  }));
  const activities = words.activities.map(({ name, label }) => ({
    group: 'What they did',
    label,
    make: () => ({ kind: 'activity', activity: name, op: 'at_least', times: 1, within_days: 30, where: [] }),
  }));
  const segments = words.segments.map(({ id, name }) => ({
    group: 'Segments',
    label: `In “${name}”`,
    make: () => ({ kind: 'segment', segment: id, op: 'in' }),
  }));
  const order = ['Profile', 'Your fields', 'Orders and activity', 'What they did', 'Consent', 'Segments'];
  return [...fields, ...activities, ...segments].sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
}

/** Open under `anchor`; `choose` gets what the new rule begins with. */
export function pick(words, anchor, choose) {
  new Picker(entries(words), choose).open(anchor);
}

class Picker {
  constructor(all, choose) {
    this.all = all;
    this.choose = choose;
    this.shown = [];
    this.at = 0;
    this.list = el('div', { class: 'list', role: 'listbox', id: `pick-${++serial}`, 'aria-label': ABOUT });
    this.input = el('input', {
      class: 'form-control',
      type: 'search',
      role: 'combobox',
      'aria-label': ABOUT,
      'aria-expanded': 'true',
      'aria-controls': this.list.id,
      'aria-autocomplete': 'list',
      placeholder: 'Search fields, activities, segments',
      autocomplete: 'off',
      oninput: () => this.draw(),
      onkeydown: (event) => this.key(event),
    });
    this.box = el('div', { class: 'fl-pop fl-pick', popover: 'auto' }, this.input, this.list);
  }

  open(anchor) {
    document.body.append(this.box);
    this.box.addEventListener('toggle', (event) => {
      if (event.newState === 'closed') this.box.remove();
    });
    this.draw();
    this.box.showPopover();
    place(this.box, anchor);
    this.input.focus();
  }

  draw() {
    const letters = this.input.value.trim().toLowerCase();
    this.shown = this.all.filter((entry) => `${entry.label} ${entry.group}`.toLowerCase().includes(letters));
    const groups = [...new Set(this.shown.map((entry) => entry.group))];
    this.list.replaceChildren(...groups.map((name) => this.group(name)));
    if (this.shown.length === 0) this.list.append(el('p', {}, 'Nothing is called that.'));
    this.mark(0);
  }

  group(name) {
    const rows = this.shown.filter((entry) => entry.group === name).map((entry) => this.option(entry));
    return el('div', { role: 'group', 'aria-label': name }, el('p', { 'aria-hidden': 'true' }, name), rows);
  }

  option(entry) {
    const id = `${this.list.id}-${this.shown.indexOf(entry)}`;
    return el('div', { role: 'option', id, 'aria-selected': 'false', onclick: () => this.take(entry) }, entry.label);
  }

  mark(to) {
    const rows = [...this.list.querySelectorAll('[role="option"]')];
    this.at = Math.max(0, Math.min(to, rows.length - 1));
    rows.forEach((row, i) => row.setAttribute('aria-selected', String(i === this.at)));
    rows[this.at]?.scrollIntoView({ block: 'nearest' });
    if (rows[this.at]) this.input.setAttribute('aria-activedescendant', rows[this.at].id);
    else this.input.removeAttribute('aria-activedescendant');
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.mark(this.at + step);
    else if (event.key !== 'Enter') return;
    else if (this.shown[this.at]) this.take(this.shown[this.at]);
    event.preventDefault();
  }

  take(entry) {
    this.box.hidePopover();
    this.choose(entry.make());
  }
}

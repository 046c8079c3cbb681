// Fields for the values of a rule. Each reports its value by `change`; null means that nothing usable stands there yet.
import { el, icon } from '../lib/dom.js';

let serial = 0;
const id = () => `b${++serial}`;

/** A label that only screen readers see, with its field. */
function labelled(label, field) {
  field.id ||= id();
  return [el('label', { class: 'visually-hidden', for: field.id }, label), field];
}

export function select(label, options, value, change, css = '') {
  const field = el(
    'select',
    { class: `form-select ${css}`.trim(), onchange: () => change(field.value) },
    options.map(([name, words]) => el('option', { value: name, selected: String(name) === String(value) }, words)),
  );
  return labelled(label, field);
}

export function text(label, value, change, suggestions = null) {
  const list = suggestions && el('datalist', { id: id() });
  const field = el('input', {
    class: 'form-control',
    type: 'text',
    value: value ?? '',
    maxlength: 500,
    autocomplete: 'off',
    list: list?.id,
    oninput: () => change(field.value.trim() || null),
  });
  if (list) field.addEventListener('focus', () => fill(list, suggestions), { once: true });
  return [...labelled(label, field), list];
}

async function fill(list, suggestions) {
  list.replaceChildren(...(await suggestions()).map((value) => el('option', { value })));
}

/** Read a number as people write it: 1,204.50 or 1204.5. */
export function parse(written) {
  const plain = written.replace(/[\s,_’']/g, '');
  return /^[+-]?\d{1,15}(\.\d{1,10})?$/.test(plain) ? Number(plain) : null;
}

export function number(label, value, change, { places = null, before = '', css = '' } = {}) {
  const shown =
    value === null || value === undefined ? '' : places === null ? String(value) : (value / 10 ** places).toString();
  const field = el('input', {
    class: `form-control num ${css}`.trim(),
    type: 'text',
    inputmode: 'decimal',
    value: shown,
    autocomplete: 'off',
    oninput: () => {
      const found = parse(field.value);
      field.classList.toggle('fl-wrong', field.value !== '' && found === null);
      change(found === null || places === null ? found : Math.round(found * 10 ** places));
    },
  });
  const parts = labelled(label, field);
  return before
    ? [parts[0], el('span', { class: 'fl-unit' }, el('span', { 'aria-hidden': 'true' }, before), field)]
    : parts;
}

export function whole(label, value, change) {
  const field = el('input', {
    class: 'form-control num',
    type: 'text',
    inputmode: 'numeric',
    value: value ?? '',
    autocomplete: 'off',
    oninput: () => {
      const found = /^\d{1,7}$/.test(field.value.trim()) ? Number(field.value) : null;
      field.classList.toggle('fl-wrong', field.value !== '' && found === null);
      change(found);
    },
  });
  return labelled(label, field);
}

/** A date; a time that came from the API stays as it is written. */
export function date(label, value, change) {
  const timed = typeof value === 'string' && value.length > 10;
  const field = el('input', {
    class: 'form-control',
    type: timed ? 'text' : 'date',
    value: value ?? '',
    min: timed ? null : '1800-01-01',
    max: timed ? null : '2200-12-31',
    oninput: () => change(field.value || null),
  });
  return labelled(label, field);
}

export function yes(label, value, change) {
  const options = [
    ['true', 'yes'],
    ['false', 'no'],
  ];
  return select(label, options, value, (found) => change(found === 'true'));
}

function chip(words, take) {
  const cross = el('button', { type: 'button', 'aria-label': `Remove ${words}`, onclick: take });
  cross.append(icon('x'));
  return el('span', { class: 'fl-chip' }, el('b', {}, words), cross);
}

/** Several values as chips: Enter or a comma adds what is written, Backspace takes the last. */
export function chips(label, values, change, { suggestions = null, choices = [], read = (written) => written } = {}) {
  const box = el('span', { class: 'fl-chips' });
  const say = new Map(choices);
  const redraw = (focus) => {
    const shown = values.map((value, at) => chip(say.get(value) ?? String(value), () => take(at)));
    box.replaceChildren(...shown, ...adder);
    if (focus) adder.find((part) => part?.matches?.('input, select'))?.focus();
  };
  const put = (value) => {
    if (value === null || value === '' || values.includes(value)) return;
    values.push(value);
    change([...values]);
  };
  const take = (at) => {
    values.splice(at, 1);
    change([...values]);
    redraw(true);
  };
  const adder = choices.length
    ? pick(label, choices, put, redraw)
    : write(label, suggestions, read, put, values, take, redraw);
  redraw(false);
  return [box];
}

function pick(label, choices, put, redraw) {
  const parts = select(label, [['', 'Add'], ...choices], '', (value) => {
    put(value);
    parts[1].value = '';
    redraw(true);
  });
  return parts;
}

function write(label, suggestions, read, put, values, take, redraw) {
  const parts = text(label, '', () => {}, suggestions).filter(Boolean);
  const field = parts[1];
  field.setAttribute('placeholder', 'Add');
  field.classList.add('add');
  const commit = () => {
    for (const one of field.value
      .split(',')
      .map((piece) => piece.trim())
      .filter(Boolean)) {
      put(read(one));
    }
    field.value = '';
  };
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      commit();
      redraw(true);
    } else if (event.key === 'Backspace' && field.value === '' && values.length) take(values.length - 1);
  });
  field.addEventListener('change', () => {
    commit();
    redraw(true);
  });
  return parts;
}

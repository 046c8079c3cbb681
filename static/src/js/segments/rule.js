// One rule as a line of fields.
import { el, icon } from '../lib/dom.js';
import { chips, date, number, parse, select, text, whole, yes } from './inputs.js';
import { CONDITIONS, DAYS, MANY, NO_VALUE, NUMBERS_ONLY, TIMES, WINDOWS, begin, comparisons } from './words.js';

/** The words a rule is called by, for menus and screen readers. */
export function title(rule, words) {
  if (rule.kind === 'field') return words.field(rule.field)?.label ?? rule.field;
  if (rule.kind === 'activity') return words.activity(rule.activity)?.label ?? rule.activity;
  return 'In a segment';
}

/** The fields of a rule. change(patch) keeps a value; change(patch, true) also draws the rule anew. */
export function fields(rule, words, change) {
  if (rule.kind === 'field') return fieldRule(rule, words, change);
  return rule.kind === 'activity' ? activityRule(rule, words, change) : segmentRule(rule, words, change);
}

function segmentRule(rule, words, change) {
  const ops = [
    ['in', 'is in'],
    ['not_in', 'is not in'],
  ];
  const names = [['', 'Choose a segment'], ...words.segments.map(({ id, name }) => [id, name])];
  return [
    ...select('Comparison', ops, rule.op, (op) => change({ op })),
    ...select('Segment', names, rule.segment ?? '', (id) => change({ segment: Number(id) || null }), 'wide'),
  ];
}

function fieldRule(rule, words, change) {
  const info = words.field(rule.field);
  if (!info) return [el('span', {}, 'This field is gone.')];
  const compare = select('Comparison', comparisons(info, rule.op), rule.op, (op) =>
    change(carry(info, rule, op), true),
  );
  return [...compare, ...value(info, rule, words, (found) => change({ value: found }))];
}

/** Another op keeps the value where it still makes sense. */
function carry(info, rule, op) {
  const fresh = begin(info, op);
  const one = (Array.isArray(rule.value) ? rule.value[0] : rule.value) ?? null;
  if (NO_VALUE.includes(op) || one === null) return fresh;
  if (DAYS.includes(op) || DAYS.includes(rule.op)) {
    return DAYS.includes(op) && DAYS.includes(rule.op) ? { op, value: one } : fresh;
  }
  if (MANY.includes(op)) return { op, value: Array.isArray(rule.value) && rule.op !== 'between' ? rule.value : [one] };
  return { op, value: op === 'between' ? [one, null] : one };
}

function value(info, rule, words, change) {
  const { op } = rule;
  if (NO_VALUE.includes(op)) return [];
  if (DAYS.includes(op)) {
    return [...whole('Days', rule.value, change), el('span', {}, op === 'more_than_days_ago' ? 'days ago' : 'days')];
  }
  if (op === 'between') return between(info, rule, words, change);
  if (MANY.includes(op)) return many(info, rule, words, change);
  return single(info, info.label, rule.value, words, change);
}

function single(info, label, found, words, change) {
  if (info.choices.length) return select(label, info.choices, found, change, 'wide');
  if (info.type === 'boolean') return yes(label, found, change);
  if (info.type === 'money') {
    return number(label, found, change, { places: words.currency.places, before: words.currency.symbol });
  }
  if (info.type === 'number') return number(label, found, change);
  if (info.type === 'date' || info.type === 'datetime') return date(label, found, change);
  return text(label, found, change, info.suggests ? () => words.suggest(info.path) : null);
}

function between(info, rule, words, change) {
  const ends = [...rule.value];
  const end = (at) => (found) => {
    ends[at] = found;
    change([...ends]);
  };
  return [
    ...single(info, `${info.label}, from`, ends[0], words, end(0)),
    el('span', {}, 'and'),
    ...single(info, `${info.label}, to`, ends[1], words, end(1)),
  ];
}

function many(info, rule, words, change) {
  const numeric = info.type === 'number' || info.type === 'money';
  const scale = info.type === 'money' ? 10 ** words.currency.places : 1;
  const read = (written) => {
    const found = parse(written);
    return found === null ? null : Math.round(found * scale * 1e10) / 1e10;
  };
  return chips(info.label, [...rule.value], change, {
    choices: info.choices.length
      ? info.choices
      : info.type === 'money'
        ? rule.value.map((v) => [v, String(v / scale)])
        : [],
    suggestions: info.suggests ? () => words.suggest(info.path) : null,
    ...(numeric ? { read } : {}),
  });
}

function activityRule(rule, words, change) {
  const mode = rule.within_days ? 'days' : (rule.window ?? (rule.after || rule.before ? 'dates' : 'ever'));
  return [
    ...select('How often', TIMES, rule.op, (op) =>
      change({ op, times: op === 'never' ? null : (rule.times ?? 1) }, true),
    ),
    ...(rule.op === 'never'
      ? []
      : [
          ...whole('Times', rule.times, (times) => change({ times })),
          el('span', {}, rule.times === 1 ? 'time' : 'times'),
        ]),
    ...select('When', WINDOWS, mode, (to) => change(frame(to), true)),
    ...frameFields(rule, mode, change),
    ...(words.sources.length ? source(rule, words, change) : []),
    ...rule.where.flatMap((condition, at) => where(rule, condition, at, change)),
    addWhere(rule, change),
  ];
}

function frame(mode) {
  return { window: mode, within_days: mode === 'days' ? 30 : null, after: null, before: null };
}

function frameFields(rule, mode, change) {
  if (mode === 'days') {
    return [...whole('Days', rule.within_days, (within_days) => change({ within_days })), el('span', {}, 'days')];
  }
  if (mode === 'ever') return [];
  return [
    el('span', {}, 'after'),
    ...date('After', rule.after, (after) => change({ after })),
    el('span', {}, 'before'),
    ...date('Before', rule.before, (before) => change({ before })),
  ];
}

function source(rule, words, change) {
  const names = [['', 'from anywhere'], ...words.sources.map(({ id, name }) => [id, `from ${name}`])];
  return select('Where from', names, rule.source ?? '', (id) => change({ source: Number(id) || null }), 'wide');
}

function addWhere(rule, change) {
  const add = () => change({ where: [...rule.where, { field: '', op: 'eq', value: null }] }, true);
  const button = el(
    'button',
    { class: 'btn btn-quiet', type: 'button', onclick: add },
    rule.where.length ? 'and' : 'where',
  );
  button.prepend(icon('plus'));
  return button;
}

function where(rule, condition, at, change) {
  const set = (patch, redraw) =>
    change({ where: rule.where.map((one, i) => (i === at ? { ...one, ...patch } : one)) }, redraw);
  const numeric = NUMBERS_ONLY.includes(condition.op);
  // "5" and 5 are different things in the data of an activity: what reads as a number is one, unless it stands in quotes.
  const guess = (written) => (written === null ? null : (parse(written) ?? written.replace(/^"(.*)"$/, '$1')));
  const shown =
    typeof condition.value === 'string' && parse(condition.value) !== null ? `"${condition.value}"` : condition.value;
  const take = () => change({ where: rule.where.filter((_, i) => i !== at) }, true);
  return [
    el(
      'span',
      { class: 'fl-where' },
      el('span', {}, at ? 'and' : 'where'),
      text('Entry of the data', condition.field, (field) => set({ field: field ?? '' })),
      select('Comparison', CONDITIONS, condition.op, (op) =>
        set({ op, value: NO_VALUE.includes(op) ? null : condition.value }, true),
      ),
      NO_VALUE.includes(condition.op)
        ? []
        : numeric
          ? number('Value', condition.value, (value) => set({ value }))
          : text('Value', shown, (written) =>
              set({ value: ['eq', 'ne'].includes(condition.op) ? guess(written) : written }),
            ),
      cross(`Remove condition ${condition.field}`, take),
    ),
  ];
}

export function cross(label, act) {
  const button = el('button', {
    class: 'btn btn-quiet btn-glyph p-1',
    type: 'button',
    'aria-label': label,
    title: label,
    onclick: act,
  });
  button.append(icon('x'));
  return button;
}

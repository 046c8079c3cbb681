// What the comparisons are called on the page, and what a new rule begins with.

const TEXT = {
  eq: 'is',
  ne: 'is not',
  contains: 'contains',
  not_contains: 'does not contain',
  starts_with: 'begins with',
  ends_with: 'ends with',
  in: 'is one of',
  not_in: 'is none of',
  exists: 'is known',
  not_exists: 'is not known',
};
const NUMBER = {
  eq: 'is',
  ne: 'is not',
  lt: 'is less than',
  lte: 'is at most',
  gt: 'is more than',
  gte: 'is at least',
  between: 'is between',
  in: 'is one of',
  not_in: 'is none of',
  exists: 'is known',
  not_exists: 'is not known',
};
const TIME = {
  within_days: 'is in the last',
  more_than_days_ago: 'is more than',
  next_days: 'is in the next',
  anniversary_next_days: 'comes round within',
  after: 'is after',
  before: 'is before',
  between: 'is between',
  eq: 'is on',
  ne: 'is not on',
  gte: 'is on or after',
  lte: 'is on or before',
  exists: 'is known',
  not_exists: 'is not known',
};
const LIST = {
  any_of: 'has any of',
  all_of: 'has all of',
  none_of: 'has none of',
  exists: 'has any at all',
  not_exists: 'has none at all',
  contains: 'has',
  not_contains: 'does not have',
};
const BY_TYPE = { text: TEXT, number: NUMBER, money: NUMBER, boolean: TEXT, date: TIME, datetime: TIME, list: LIST };

/** [[op, words], …] of a field; ops that say the same as another are left out unless the rule already has them. */
export function comparisons(field, now) {
  const said = BY_TYPE[field.type];
  const names = Object.keys(said).filter((op) => field.ops.includes(op));
  const doubles = ['contains', 'not_contains'];
  const shown = field.type === 'list' ? names.filter((op) => !doubles.includes(op) || op === now) : names;
  const rest = field.ops.includes(now) && !shown.includes(now) ? [now] : [];
  return [...shown, ...rest].map((op) => [op, said[op] ?? { lt: 'is before', gt: 'is after' }[op] ?? op]);
}

export const MODES = [
  ['all', 'All'],
  ['any', 'Any'],
  ['none', 'None'],
];
export const JOINS = { all: 'AND', any: 'OR', none: 'NOR' };
export const TIMES = [
  ['at_least', 'at least'],
  ['at_most', 'at most'],
  ['exactly', 'exactly'],
  ['never', 'never'],
];
export const WINDOWS = [
  ['days', 'within'],
  ['dates', 'between dates'],
  ['ever', 'at any time'],
];
export const CONDITIONS = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['gte', 'is at least'],
  ['lte', 'is at most'],
  ['gt', 'is more than'],
  ['lt', 'is less than'],
  ['contains', 'contains'],
  ['not_contains', 'does not contain'],
  ['starts_with', 'begins with'],
  ['ends_with', 'ends with'],
  ['exists', 'is given'],
  ['not_exists', 'is not given'],
];
export const NUMBERS_ONLY = ['lt', 'lte', 'gt', 'gte'];
export const NO_VALUE = ['exists', 'not_exists'];
export const DAYS = ['within_days', 'more_than_days_ago', 'next_days', 'anniversary_next_days'];
export const MANY = ['in', 'not_in', 'any_of', 'all_of', 'none_of'];

const FIRST = {
  text: 'eq',
  number: 'gte',
  money: 'gte',
  boolean: 'eq',
  date: 'within_days',
  datetime: 'within_days',
  list: 'any_of',
};

/** The op and the value with which a rule on a field begins, or the value that fits another op. */
export function begin(field, op = FIRST[field.type]) {
  if (NO_VALUE.includes(op)) return { op, value: null };
  if (DAYS.includes(op)) return { op, value: 30 };
  if (MANY.includes(op)) return { op, value: [] };
  if (op === 'between') return { op, value: [null, null] };
  if (field.type === 'boolean') return { op, value: true };
  return { op, value: field.choices[0]?.[0] ?? null };
}

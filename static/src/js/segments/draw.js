// The tree as elements. What a person does is told to `acts`; after a change of structure the tree is drawn anew.
import { el, icon } from '../lib/dom.js';
import { select } from './inputs.js';
import { cross, fields, title } from './rule.js';
import { isGroup } from './tree.js';
import { JOINS, MODES } from './words.js';

const STYLES = { all: 'and', any: 'or', none: 'not' };
const SAYS = { all: 'of these are true', any: 'of these is true', none: 'of these is true' };
const MENU = [
  ['up', 'Move up', 'Alt ↑'],
  ['down', 'Move down', 'Alt ↓'],
  ['nest', 'Into a group', 'Alt →'],
  ['lift', 'Out of the group', 'Alt ←'],
  ['copy', 'Copy', ''],
  ['remove', 'Take out', 'Del'],
];

export function drawTree(root, words, acts) {
  return drawGroup(root, words, acts, true);
}

function drawGroup(node, words, acts, outermost = false) {
  const name = MODES.find(([mode]) => mode === node.mode)[1];
  const parts = node.rules.flatMap((child, at) => [
    at ? el('span', { class: 'fl-join' }, JOINS[node.mode]) : null,
    isGroup(child) ? drawGroup(child, words, acts) : drawRule(child, words, acts),
  ]);
  const box = el(
    'div',
    {
      class: `fl-group ${STYLES[node.mode]}`,
      'data-key': node.key,
      role: 'group',
      'aria-label': `${name} ${SAYS[node.mode]}`,
    },
    el(
      'header',
      {},
      outermost ? null : grip(node, `${name} ${SAYS[node.mode]}`, acts),
      ...select('How rules combine', MODES, node.mode, (mode) => acts.mode(node.key, mode)),
      el('span', {}, SAYS[node.mode]),
      el('span', { class: 'fl-push fl-3rd fl-num', 'data-count-of': node.key }),
      outermost ? null : cross('Take this group out', () => acts.act(node.key, 'remove')),
    ),
    parts,
    el('div', { class: 'fl-row' }, adders(node, acts, outermost), outermost ? keys() : null),
  );
  return box;
}

function adders(node, acts, outermost) {
  const css = outermost ? 'btn btn-plain' : 'btn btn-quiet';
  const rule = el(
    'button',
    { class: css, type: 'button', 'data-add': node.key, onclick: (event) => acts.add(node.key, event.currentTarget) },
    'Rule',
  );
  rule.prepend(icon('plus'));
  const group = el(
    'button',
    { class: css, type: 'button', onclick: (event) => acts.addGroup(node.key, event.currentTarget) },
    'Group',
  );
  group.prepend(icon('plus'));
  return [rule, group];
}

function keys() {
  const key = (text) => el('kbd', {}, text);
  return el(
    'span',
    { class: 'fl-push fl-3rd p2' },
    'Move with ',
    key('Alt ↑'),
    ' ',
    key('Alt ↓'),
    ', nest with ',
    key('Alt →'),
  );
}

function drawRule(node, words, acts) {
  const name = title(node, words);
  const row = el(
    'div',
    { class: 'fl-rule', 'data-key': node.key, role: 'group', 'aria-label': name },
    grip(node, name, acts),
    el('b', { class: 'fl-strong' }, name),
    fields(node, words, (patch, redraw) => acts.change(node.key, patch, redraw)),
    el('output', { class: 'fl-num', 'data-count-of': node.key }),
    cross('Take this rule out', () => acts.act(node.key, 'remove')),
  );
  return row;
}

/** The handle: drags by the mouse, opens a menu by click, takes the arrow keys. */
function grip(node, name, acts) {
  const id = `menu-${node.key}`;
  const button = el('button', {
    class: 'btn btn-quiet btn-glyph fl-grip',
    type: 'button',
    draggable: 'true',
    popovertarget: id,
    'data-grip': node.key,
    'aria-label': `Move or take out: ${name}`,
  });
  button.append(icon('grip-vertical'));
  const entries = MENU.map(([act, words, key]) =>
    el(
      'button',
      { type: 'button', class: act === 'remove' ? 'bad' : null, onclick: () => acts.act(node.key, act) },
      words,
      key ? el('kbd', {}, key) : null,
    ),
  );
  return [button, el('div', { class: 'fl-pop menu', popover: 'auto', id }, entries)];
}

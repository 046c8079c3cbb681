// The builder of segments: rules by mouse, finger and keyboard, undone with ⌘Z, counted while they are written.
import { el, on, typing } from '../lib/dom.js';
import { drawTree } from '../segments/draw.js';
import { Live, note } from '../segments/live.js';
import { pick } from '../segments/picker.js';
import { title } from '../segments/rule.js';
import * as tree from '../segments/tree.js';

const data = (id) => JSON.parse(document.getElementById(id).textContent);
const page = document.querySelector('[data-builder]');
const place = page.querySelector('[data-tree]');
const form = document.getElementById('builder');
const raw = document.getElementById('f-criteria');
const figure = new Intl.NumberFormat('en');

const words = {
  ...data('builder-words'),
  field: (path) => words.fields.find((one) => one.path === path),
  activity: (name) => words.activities.find((one) => one.name === name),
  suggest: async (path) => {
    const answer = await fetch(`/segments/values?field=${encodeURIComponent(path)}`);
    return answer.ok ? answer.json() : [];
  },
};

let root = raw.value.trim() ? tree.read(JSON.parse(raw.value)) : tree.group('all');
if (!tree.isGroup(root)) root = tree.group('all', [root]);
let written = tree.write(root);
let faults = data('builder-faults');
let parts = {};
const history = [];
let dirty = false;

const live = new Live(page, (told) => {
  if (told.faults) faults = told.faults;
  if (told.parts) parts = told.parts;
  mark();
});

/** Keep what stands, so that ⌘Z brings it back; typing in one field counts as one step. */
let lastField = null;
function remember(field = null) {
  if (field === null || field !== lastField) history.push(JSON.stringify(root));
  if (history.length > 100) history.shift();
  lastField = field;
}

function changed() {
  dirty = true;
  const saved = document.querySelector('[data-saved]');
  if (saved) saved.textContent = 'Not saved yet';
  written = tree.write(root);
  live.ask(written.criteria);
}

function draw(focus = null) {
  place.replaceChildren(drawTree(root, words, acts));
  mark();
  focusOn(focus);
}

function focusOn(key, part = '[data-grip]') {
  if (!key) return;
  const box = place.querySelector(`[data-key="${key}"]`);
  (box?.querySelector(part) ?? box?.querySelector('[data-grip]') ?? place.querySelector('[data-add]'))?.focus();
}

const acts = {
  change(key, patch, redraw = false) {
    const { node } = tree.find(root, key);
    remember(redraw ? null : `${key} ${Object.keys(patch)}`);
    Object.assign(node, patch);
    changed();
    if (redraw) redrawRule(key);
  },
  mode(key, mode) {
    remember();
    tree.find(root, key).node.mode = mode;
    changed();
    draw();
    place.querySelector(`[data-key="${key}"] > header select`)?.focus();
  },
  add(key, anchor) {
    pick(words, anchor, ({ kind, ...says }) => {
      remember();
      const made = tree.rule(kind, says);
      tree.find(root, key).node.rules.push(made);
      changed();
      draw();
      focusOn(made.key, 'input:not([type="search"]), select:not(:first-of-type), select');
    });
  },
  addGroup(key, anchor) {
    pick(words, anchor, ({ kind, ...says }) => {
      remember();
      const { node } = tree.find(root, key);
      const made = tree.rule(kind, says);
      node.rules.push(tree.group(node.mode === 'all' ? 'any' : 'all', [made]));
      changed();
      draw();
      focusOn(made.key, 'input, select');
    });
  },
  act(key, verb) {
    const keys = tree.order(root);
    const near = keys[keys.indexOf(key) - 1] ?? keys[keys.indexOf(key) + 1] ?? null;
    remember();
    if (verb === 'copy') {
      const { node, parent, at } = tree.find(root, key);
      parent.rules.splice(at + 1, 0, tree.copy(node));
    } else if (verb === 'up' || verb === 'down') tree.move(root, key, verb === 'up' ? -1 : 1);
    else tree[verb](root, key);
    changed();
    draw(verb === 'remove' ? near : key);
    if (verb === 'remove' && !near) place.querySelector('[data-add]')?.focus();
  },
};

/** Draw one rule anew and keep the focus on the field that was changed. */
function redrawRule(key) {
  const box = place.querySelector(`[data-key="${key}"]`);
  const at = [...box.querySelectorAll('input, select, button')].indexOf(document.activeElement);
  draw();
  const again = [...place.querySelectorAll(`[data-key="${key}"] :is(input, select, button)`)];
  again[Math.min(at, again.length - 1)]?.focus();
}

const nodeAt = (path) =>
  [...written.paths].findLast(([, at]) => path === at || path.startsWith(`${at}.`) || (at === '' && path !== ''))?.[0];

/** Counts beside the rules, faults below them, and the note about a rule that matches nobody. */
function mark() {
  for (const box of place.querySelectorAll('[data-count-of]')) box.textContent = counted(box.dataset.countOf);
  for (const old of place.querySelectorAll('.fl-err')) old.remove();
  for (const [path, why] of Object.entries(faults)) {
    const box = path && place.querySelector(`[data-key="${nodeAt(path)}"]`);
    if (box) box.append(el('div', { class: 'fl-err', role: 'alert' }, why));
  }
  page.querySelector('[data-note]').replaceChildren(...barren());
}

function counted(key) {
  const part = parts[written.paths.get(key)];
  if (!part) return '';
  const { node, parent } = tree.find(root, key) ?? {};
  if (part.takes !== null && part.takes !== undefined) return `takes away ${figure.format(part.takes)}`;
  if (part.count === null) return '–';
  return tree.isGroup(node ?? {}) && !parent ? `${figure.format(part.count)} people` : figure.format(part.count);
}

function barren() {
  for (const key of tree.order(root)) {
    const { node, parent } = tree.find(root, key);
    if (tree.isGroup(node) || parts[written.paths.get(key)]?.count !== 0) continue;
    return [note(title(node, words), parent.mode !== 'all', () => acts.act(key, 'remove'))];
  }
  return [];
}

// Keys of DESIGN §8. Letters and Del rest while a field has focus.
const MOVES = { ArrowUp: 'up', ArrowDown: 'down', ArrowRight: 'nest', ArrowLeft: 'lift' };
document.addEventListener(
  'keydown',
  (event) => {
    const box = event.target instanceof Element ? event.target.closest('[data-key]') : null;
    const inTree = box && place.contains(box);
    if ((event.metaKey || event.ctrlKey) && event.key === 'z' && !event.shiftKey && !typing(event.target)) {
      return undo(event);
    }
    if (!inTree || !tree.find(root, box.dataset.key)?.parent) return undefined;
    const key = box.dataset.key;
    if (event.altKey && MOVES[event.key]) acts.act(key, MOVES[event.key]);
    else if (event.target.matches('[data-grip]') && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      walk(key, event.key);
    } else if (event.target.matches('[data-grip]') && event.key === 'Delete') acts.act(key, 'remove');
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  },
  true,
);

function walk(key, arrow) {
  const keys = tree.order(root);
  focusOn(keys[keys.indexOf(key) + (arrow === 'ArrowDown' ? 1 : -1)] ?? key);
}

function undo(event) {
  const before = history.pop();
  if (!before) return;
  event.preventDefault();
  root = JSON.parse(before);
  lastField = null;
  changed();
  draw(tree.order(root)[0]);
}

// Dragging by the handle: a line shows where the rule will stand.
let dragged = null;
on('dragstart', '[data-grip]', (event, handle) => {
  dragged = handle.dataset.grip;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setDragImage(handle.closest('[data-key]'), 12, 12);
});
on('dragover', '[data-tree] [data-key]', (event, box) => {
  if (!dragged || box.dataset.key === dragged) return;
  event.preventDefault();
  clearLine();
  box.dataset.drop = behind(event, box) ? 'after' : 'before';
});
on('drop', '[data-tree] [data-key]', (event, box) => {
  if (!dragged) return;
  event.preventDefault();
  remember();
  tree.drop(root, dragged, box.dataset.key, behind(event, box));
  changed();
  draw(dragged);
});
on('dragend', '[data-grip]', () => {
  dragged = null;
  clearLine();
});
function behind(event, box) {
  const { top, height } = box.getBoundingClientRect();
  return event.clientY > top + height / 2;
}
function clearLine() {
  for (const box of place.querySelectorAll('[data-drop]')) delete box.dataset.drop;
}

// The people beside it.
on('click', '[data-others]', () => live.others());
on('click', '[data-why]', (_event, button) => live.why({ customer: Number(button.dataset.why) }));
on('submit', '[data-why-form]', (event, search) => {
  event.preventDefault();
  live.why({ words: search.querySelector('input').value.trim() });
});

form.addEventListener(
  'submit',
  (event) => {
    written = tree.write(root);
    raw.value = written.criteria ? JSON.stringify(written.criteria) : '';
    if (!written.partial && written.criteria) {
      dirty = false;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    for (const box of place.querySelectorAll('.fl-err')) box.remove();
    const open = tree
      .order(root)
      .find((key) => !tree.isGroup(tree.find(root, key).node) && !tree.writeRule(tree.find(root, key).node));
    const box = open ? place.querySelector(`[data-key="${open}"]`) : place.firstElementChild;
    box.append(
      el(
        'div',
        { class: 'fl-err', role: 'alert' },
        open ? 'Complete this rule, or take it out.' : 'Add at least one rule.',
      ),
    );
    focusOn(open, 'input, select');
  },
  true,
);
addEventListener('beforeunload', (event) => {
  if (dirty) event.preventDefault();
});
form.addEventListener('input', () => {
  dirty = true;
});
on('click', '.fl-head a.btn', () => {
  dirty = false;
});

page.querySelector('[data-raw]').hidden = true;
place.hidden = false;
draw();
live.ask(written.criteria, 0);

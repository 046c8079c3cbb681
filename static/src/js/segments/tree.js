// The tree of rules as the builder holds it, and as the server reads it. Pure: no document.
// A group is {key, mode: 'all' | 'any' | 'none', rules: […]}; a rule is {key, kind: 'field' | 'activity' | 'segment', …}.
// 'none' is written NOT over OR, and read back from there.

let serial = 0;
const fresh = () => `n${++serial}`;

export const isGroup = (node) => 'rules' in node;

export function group(mode = 'all', rules = []) {
  return { key: fresh(), mode, rules };
}

export function rule(kind, says) {
  return { key: fresh(), kind, ...says };
}

/** Copy a node with keys of its own. */
export function copy(node) {
  const made = structuredClone(node);
  const rename = (one) => {
    one.key = fresh();
    if (isGroup(one)) one.rules.forEach(rename);
  };
  rename(made);
  return made;
}

const MODES = { AND: 'all', OR: 'any' };
const OPERATORS = { all: 'AND', any: 'OR' };

export function read(json) {
  if (json.operator === 'NOT') {
    const [inner] = json.rules;
    return inner.operator === 'OR' ? group('none', inner.rules.map(read)) : group('none', [read(inner)]);
  }
  if (json.operator) return group(MODES[json.operator], json.rules.map(read));
  const { field, activity, segment, ...rest } = json;
  if (field !== undefined) return rule('field', { field, value: null, ...rest });
  if (segment !== undefined) return rule('segment', { segment, ...rest });
  return rule('activity', { activity, ...rest, where: rest.where ?? [] });
}

/** Everything that the server needs of a rule; null where it is not complete yet. */
export function writeRule({ kind, ...says }) {
  if (kind === 'segment') return says.segment ? { segment: says.segment, op: says.op } : null;
  if (kind === 'field') {
    const { field, op, value } = says;
    if (op === 'exists' || op === 'not_exists') return { field, op };
    const many = Array.isArray(value);
    const missing = many ? value.length === 0 || value.some(empty) : empty(value);
    return missing ? null : { field, op, value };
  }
  const { activity, op, times, within_days, after, before, source, where } = says;
  const made = { activity, op };
  if (op !== 'never') made.times = times;
  for (const [name, value] of Object.entries({ within_days, after, before, source })) {
    if (!empty(value)) made[name] = value;
  }
  if (op !== 'never' && empty(times)) return null;
  const conditions = where.map(writeCondition);
  if (conditions.includes(null)) return null;
  if (conditions.length) made.where = conditions;
  return made;
}

function writeCondition({ field, op, value }) {
  if (empty(field)) return null;
  if (op === 'exists' || op === 'not_exists') return { field, op };
  return empty(value) ? null : { field, op, value };
}

const empty = (value) => value === null || value === undefined || value === '' || Number.isNaN(value);

/**
 * Write a tree for the server: `criteria` (null where nothing is complete), `paths` from each node's key to its path, and
 * whether something had to be left out. A group that would be empty is left out too.
 */
export function write(root) {
  const paths = new Map();
  let partial = false;
  const inner = (node, path) => {
    paths.set(node.key, path);
    if (!isGroup(node)) {
      const made = writeRule(node);
      partial ||= made === null;
      return made;
    }
    const below = node.mode === 'none' ? `${dot(path)}rules[0]` : path;
    const rules = [];
    for (const child of node.rules) {
      const made = inner(child, `${dot(below)}rules[${rules.length}]`);
      if (made) rules.push(made);
      else paths.delete(child.key);
    }
    if (rules.length === 0) return null;
    if (node.mode !== 'none') return { operator: OPERATORS[node.mode], rules };
    return { operator: 'NOT', rules: [{ operator: 'OR', rules }] };
  };
  return { criteria: inner(root, ''), paths, partial };
}

const dot = (path) => (path ? `${path}.` : '');

/** Find a node: itself, its group and its place there. */
export function find(root, key, parent = null) {
  if (root.key === key) return { node: root, parent, at: parent ? parent.rules.indexOf(root) : 0 };
  for (const child of isGroup(root) ? root.rules : []) {
    const found = find(child, key, root);
    if (found) return found;
  }
  return null;
}

export function remove(root, key) {
  const { parent, at } = find(root, key);
  if (!parent) return;
  parent.rules.splice(at, 1);
  tidy(root);
}

/** Groups that lost their last rule go with it. */
function tidy(root) {
  for (const child of [...root.rules]) {
    if (!isGroup(child)) continue;
    tidy(child);
    if (child.rules.length === 0) root.rules.splice(root.rules.indexOf(child), 1);
  }
}

/** Move up (-1) or down (1): within its group, at the edge out of it. */
export function move(root, key, step) {
  const { node, parent, at } = find(root, key);
  if (!parent) return;
  const to = at + step;
  if (to >= 0 && to < parent.rules.length) {
    parent.rules.splice(at, 1);
    parent.rules.splice(to, 0, node);
    return;
  }
  const outer = find(root, parent.key);
  if (!outer.parent) return;
  parent.rules.splice(at, 1);
  outer.parent.rules.splice(outer.at + (step > 0 ? 1 : 0), 0, node);
  tidy(root);
}

/** Nest: into the group above it, or into a new one. */
export function nest(root, key) {
  const { node, parent, at } = find(root, key);
  if (!parent) return;
  const above = parent.rules[at - 1];
  if (above && isGroup(above)) {
    parent.rules.splice(at, 1);
    above.rules.push(node);
  } else parent.rules.splice(at, 1, group(parent.mode === 'all' ? 'any' : 'all', [node]));
}

/** Lift out of its group, to stand behind it. */
export function lift(root, key) {
  const { node, parent, at } = find(root, key);
  const outer = parent && find(root, parent.key);
  if (!outer?.parent) return;
  parent.rules.splice(at, 1);
  outer.parent.rules.splice(outer.at + 1, 0, node);
  tidy(root);
}

/** Put a node before or behind another; a node cannot go into itself. */
export function drop(root, key, target, behind) {
  const { node, parent, at } = find(root, key);
  if (!parent || find(node, target)) return;
  parent.rules.splice(at, 1);
  const there = find(root, target);
  if (!there.parent) there.node.rules.push(node);
  else there.parent.rules.splice(there.at + (behind ? 1 : 0), 0, node);
  tidy(root);
}

/** Keys of all rules and inner groups from top to bottom: the order in which the arrow keys walk. */
export function order(root) {
  return root.rules.flatMap((child) => [child.key, ...(isGroup(child) ? order(child) : [])]);
}

export function depth(node) {
  return isGroup(node) ? (node.mode === 'none' ? 2 : 1) + Math.max(0, ...node.rules.map(depth)) : 0;
}

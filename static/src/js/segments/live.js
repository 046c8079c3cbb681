// The live answer: asked a moment after the last change; an older question is called off.
import { el, icon } from '../lib/dom.js';
import { Problem, headers, send } from '../lib/http.js';
import { announce } from '../live.js';

const WAIT = 250;
const figure = new Intl.NumberFormat('en');
const NARROW = '\u202f';

export function percent(part, whole) {
  if (!whole) return '–';
  const share = (100 * part) / whole;
  if (part > 0 && share < 0.01) return `<${NARROW}0.01${NARROW}%`;
  if (part < whole && share > 99.9) return `>${NARROW}99.9${NARROW}%`;
  const places = share === 0 || share === 100 ? 0 : share < 2 ? 2 : 1;
  return `${share.toFixed(places)}${NARROW}%`;
}

export class Live {
  /** `tell({parts, faults})` gets counts by path, and refusals by path. */
  constructor(root, tell) {
    this.root = root;
    this.tell = tell;
    this.seed = 0;
    this.criteria = null;
    this.asking = null;
    this.timer = null;
  }

  slot(name) {
    return document.querySelector(`[data-slot="${name}"]`);
  }

  ask(criteria, wait = WAIT) {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.criteria = criteria;
    if (!criteria) return this.rest();
    this.timer = setTimeout(() => this.now(), wait);
    return undefined;
  }

  async now() {
    const asking = (this.asking = new AbortController());
    const body = { criteria: this.criteria };
    this.say('Counting');
    try {
      const found = await send('POST', '/api/v1/segments/preview', body, asking);
      this.show(found);
      this.tell({ faults: {} });
      const rest = [this.fragment(asking), send('POST', '/api/v1/segments/preview?parts=1', body, asking)];
      const [, counted] = await Promise.all(rest);
      this.tell({ parts: counted.parts, total: counted.total });
    } catch (problem) {
      if (problem.name === 'AbortError') return;
      if (!(problem instanceof Problem)) throw problem;
      this.fail(problem);
    }
  }

  rest() {
    for (const node of document.querySelectorAll('[data-count], [data-count-short]')) node.textContent = '–';
    for (const node of document.querySelectorAll('[data-share], [data-share-short]')) node.textContent = '';
    this.bar(0, 1);
    this.say('Add a rule to see who fits.');
    this.tell({ parts: {}, faults: {} });
  }

  show({ count, total, took_ms: took }) {
    const share = percent(count, total);
    const words = {
      count: figure.format(count),
      'count-short': `${figure.format(count)} fit`,
      share,
      'share-short': `${share} · ${took} ms`,
    };
    for (const [name, text] of Object.entries({ ...words, total: figure.format(total) })) {
      const node = document.querySelector(`[data-${name}]`);
      if (node) node.textContent = text;
    }
    this.bar(count, total);
    this.say(`Counted in ${figure.format(took)} ms, just now`);
    announce(`${figure.format(count)} fit`);
  }

  bar(count, total) {
    document.querySelector('[data-bar]')?.setAttribute('width', `${total ? ((100 * count) / total).toFixed(2) : 0}%`);
    document
      .querySelector('[data-bar]')
      ?.parentElement.setAttribute('aria-label', `${percent(count, total)} of customers`);
  }

  say(text) {
    const node = document.querySelector('[data-took]');
    if (node) node.textContent = text;
  }

  fail(problem) {
    const own = Object.keys(problem.errors).length > 0;
    this.say(own ? 'Not counted: one rule does not fit yet.' : problem.message);
    this.tell({ faults: problem.errors });
  }

  /** Ask for a piece of HTML of ours. It comes from our own templates; parsed, not written into the page as text. */
  async html(path, body, { signal }) {
    const answer = await fetch(path, {
      method: 'POST',
      signal,
      headers: { ...headers(), 'Content-Type': 'application/json', Accept: 'text/html' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Problem(answer.status, null);
    return new DOMParser().parseFromString(await answer.text(), 'text/html').body;
  }

  async fragment(asking) {
    const segment = this.root.dataset.segment;
    const body = { criteria: this.criteria, seed: this.seed, ...(segment ? { segment: Number(segment) } : {}) };
    const found = await this.html('/segments/preview/answer', body, asking);
    for (const part of found.querySelectorAll('[data-part]')) this.slot(part.dataset.part)?.replaceChildren(part);
  }

  async others() {
    this.seed = Math.floor(Math.random() * 2 ** 31);
    if (!this.criteria) return;
    try {
      await this.fragment(new AbortController());
    } catch (problem) {
      if (problem instanceof Problem) this.say(problem.message);
    }
  }

  async why(asked) {
    const slot = this.slot('why');
    if (!this.criteria) return slot.replaceChildren(el('p', { class: 'fl-2nd' }, 'Add a rule first.'));
    this.wondering?.abort();
    const asking = (this.wondering = new AbortController());
    try {
      const found = await this.html('/segments/preview/why', { criteria: this.criteria, ...asked }, asking);
      slot.replaceChildren(...found.childNodes);
    } catch (problem) {
      if (problem instanceof Problem) slot.replaceChildren(el('p', { class: 'fl-bad' }, problem.message));
    }
    return undefined;
  }
}

/** A note about a rule that matches nobody, with a button that takes it out. */
export function note(name, harmless, take) {
  const button = el('button', { class: 'btn btn-plain', type: 'button', onclick: take }, 'Take it out');
  const why = harmless ? 'The rule changes nothing; you may take it out.' : 'While it stands, nobody fits.';
  const sign = icon('alert-triangle');
  return el(
    'div',
    { class: 'fl-note warn' },
    sign,
    el('div', {}, el('b', {}, `“${name}” matches nobody.`), ` ${why}`),
    button,
  );
}

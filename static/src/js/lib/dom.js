// The few things every module needs of the page.

const SVG = 'http://www.w3.org/2000/svg';

/** Content of <meta name="…">, or ''. The layout writes csrf-token, workspace, icons and locale. */
export function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content ?? '';
}

/** Call handler(event, element) for events that happen inside an element matching selector, now or later. */
export function on(type, selector, handler, options) {
  document.addEventListener(
    type,
    (event) => {
      const found = event.target instanceof Element ? event.target.closest(selector) : null;
      if (found) handler(event, found);
    },
    options,
  );
}

/**
 * Build an element: el('a', { href: '/x', class: 't', 'aria-label': 'X', onclick: fn }, 'text', child, null).
 * Strings become text, never markup. A property that is null, undefined or false is left out.
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A Tabler icon from our sprite; the name must stand in static/src/icons.txt. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'fl-i');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `${meta('icons')}#${name}`);
  svg.append(use);
  return svg;
}

/** True while keys belong to a field, so that single letters rest. */
export function typing(target = document.activeElement) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) {
    return true;
  }
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
  );
}

export function debounce(wait, call) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), wait);
  };
}

/** A choice kept in this browser; storage that refuses is no error. */
export const kept = {
  get(key, otherwise) {
    try {
      return localStorage.getItem(key) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
  },
};

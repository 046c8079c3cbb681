// A small act says that it is done, for 5 s, with Undo. Anything that needs a decision is a note on the page instead.
import { el, icon, meta, on } from './lib/dom.js';

const LASTS = 5000;
const SIGNS = { good: 'check', bad: 'x', warn: 'alert-triangle' };

function area() {
  return document.querySelector('.fl-toasts');
}

function dismissLater(node, lasts) {
  let timer;
  const start = () => {
    timer = setTimeout(() => node.remove(), lasts);
  };
  const stop = () => clearTimeout(timer);
  // Reading takes as long as it takes: the clock stands still under the pointer and while something in it has focus.
  for (const type of ['mouseenter', 'focusin']) node.addEventListener(type, stop);
  for (const type of ['mouseleave', 'focusout']) node.addEventListener(type, start);
  start();
}

function undoForm(url) {
  return el(
    'form',
    { method: 'post', action: url },
    el('input', { type: 'hidden', name: 'csrf_token', value: meta('csrf-token') }),
    el('input', { type: 'hidden', name: '_workspace', value: meta('workspace') }),
    el('button', { class: 'btn btn-quiet' }, 'Undo'),
  );
}

/** toast('Tag removed.', { undo: '/tags/3/restore', tone: 'good' | 'bad' | 'warn' }) */
export function toast(text, { undo = null, tone = 'good' } = {}) {
  const close = el('button', {
    class: 'btn btn-quiet btn-glyph',
    type: 'button',
    'aria-label': 'Close',
    'data-toast-close': true,
  });
  close.append(icon('x'));
  const node = el(
    'div',
    { class: `fl-toast ${tone}` },
    icon(SIGNS[tone]),
    el('p', {}, text),
    undo && undoForm(undo),
    close,
  );
  area()?.append(node);
  // Failures stay until they are read; 2 s more for an Undo.
  if (tone !== 'bad') dismissLater(node, undo ? LASTS + 2000 : LASTS);
  return node;
}

on('click', '[data-toast-close]', (_event, button) => button.closest('.fl-toast').remove());

// The server flashed these with the page; inserting them again lets a screen reader speak them.
for (const node of document.querySelectorAll('.fl-toast')) {
  area().append(node);
  if (!node.classList.contains('bad')) dismissLater(node, LASTS);
}

// HX-Trigger: {"toast": {"text": "Saved.", "undo": "/…", "tone": "good"}}
document.addEventListener('toast', (event) => toast(event.detail.text ?? event.detail.value, event.detail));

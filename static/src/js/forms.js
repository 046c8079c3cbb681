// Forms: the first wrong field takes the focus, nothing is sent twice, ⌘S saves, a changed filter applies itself.
import { on } from './lib/dom.js';

document.querySelector('main [aria-invalid="true"]')?.focus();
document.addEventListener('htmx:afterSwap', (event) =>
  event.detail.elt.querySelector?.('[aria-invalid="true"]')?.focus(),
);

// Plain submits only: htmx has hx-sync and hx-disabled-elt for the same end.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('hx-post')) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = 'yes';
  event.submitter?.setAttribute('aria-busy', 'true');
  // An answer that is a file leaves the page standing: after a while the form may be sent again.
  setTimeout(() => release(form), 8000);
  return undefined;
});
function release(form) {
  delete form.dataset.sent;
  form.querySelector('[aria-busy]')?.removeAttribute('aria-busy');
}
// Back from the next page: the form may be sent again.
addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach(release));

on('change', '[data-autosubmit]', (_event, field) => field.form.requestSubmit());

document.addEventListener('keydown', (event) => {
  if (event.key !== 's' || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return;
  const form = document.querySelector('form[data-save]');
  if (!form) return;
  event.preventDefault();
  form.requestSubmit();
});

on('click', '[data-copy]', async (_event, button) => {
  await navigator.clipboard.writeText(button.dataset.copy);
  document.dispatchEvent(new CustomEvent('toast', { detail: { text: 'Copied.' } }));
});

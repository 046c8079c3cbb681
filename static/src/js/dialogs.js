// Dialogs are <dialog>. data-open="id" opens one; data-close closes the one it is in; data-confirm asks before an act.
import { on } from './lib/dom.js';

on('click', '[data-open]', (event, button) => {
  event.preventDefault();
  document.getElementById(button.dataset.open)?.showModal();
});
on('click', '[data-close]', (_event, button) => button.closest('dialog')?.close());
// A click on the ground behind a dialog lands on the dialog itself.
document.addEventListener('click', (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.matches('[data-light]')) event.target.close();
});

/**
 * Ask. Resolves true when the person took the named act.
 * @param {{title: string, text?: string, act: string, back?: string, danger?: boolean}} question
 */
export function confirm({ title, text = '', act, back = 'Not yet', danger = false }) {
  const dialog = document.getElementById('fl-confirm');
  dialog.querySelector('h2').textContent = title;
  dialog.querySelector('p').textContent = text;
  const [no, yes] = dialog.querySelectorAll('button');
  no.textContent = back;
  yes.textContent = act;
  yes.className = danger ? 'btn btn-danger' : 'btn btn-primary';
  dialog.returnValue = '';
  dialog.showModal();
  (danger ? no : yes).focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

function question(node) {
  const { confirm: title, confirmText: text, confirmAct: act, confirmBack: back } = node.dataset;
  return { title, text, back, act: act ?? node.textContent.trim(), danger: 'confirmDanger' in node.dataset };
}

const agreed = new WeakSet();

// Plain forms: asked at submit, by the button that submits or by the form.
document.addEventListener(
  'submit',
  async (event) => {
    const asking = [event.submitter, event.target].find((node) => node?.dataset?.confirm);
    if (!asking || agreed.delete(asking)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter, target } = event;
    if (!(await confirm(question(asking)))) return;
    agreed.add(asking);
    target.requestSubmit(submitter);
  },
  true,
);

// htmx calls on anything that is not a form (those were asked above).
document.addEventListener('htmx:confirm', async (event) => {
  const node = event.detail.elt;
  if (!node.dataset.confirm || node instanceof HTMLFormElement) return;
  event.preventDefault();
  if (await confirm(question(node))) event.detail.issueRequest(true);
});

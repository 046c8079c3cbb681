// htmx, set up for our policy: no eval, no style element of its own, no page kept in the browser's storage.
import htmx from 'htmx.org/dist/htmx.esm.js';
import { headers, sentence } from './http.js';
import { toast } from '../toasts.js';

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  historyCacheSize: 0, // pages hold personal data: nothing of them stays in storage
  includeIndicatorStyles: false,
  refreshOnHistoryMiss: true,
  selfRequestsOnly: true,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '422', swap: true, error: false }, // a form that came back with its reasons
    { code: '[45]..', swap: false, error: true },
  ],
});

document.addEventListener('htmx:configRequest', (event) => Object.assign(event.detail.headers, headers()));

function reason(request) {
  try {
    const body = JSON.parse(request.responseText);
    return body.detail || body.title || sentence(request.status);
  } catch {
    return sentence(request.status);
  }
}

// A part that refreshes by itself fails quietly and tries again; what a person asked for says why it failed.
const quiet = (event) => event.detail.elt?.matches('[data-live]');
document.addEventListener('htmx:responseError', (event) => {
  if (!quiet(event)) toast(reason(event.detail.xhr), { tone: 'bad' });
});
document.addEventListener('htmx:sendError', (event) => {
  if (!quiet(event)) toast(sentence(0), { tone: 'bad' });
});
document.addEventListener('htmx:timeout', (event) => {
  if (!quiet(event)) toast(sentence(0), { tone: 'bad' });
});

export default htmx;

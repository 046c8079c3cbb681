// Calls of our own to the server: the token and the workspace travel with each, refusals come back as Problem.
import { meta } from './dom.js';

export function headers() {
  const all = { 'X-CSRFToken': meta('csrf-token'), 'X-Requested-With': 'XMLHttpRequest' };
  const workspace = meta('workspace');
  if (workspace) all['X-Workspace'] = workspace;
  return all;
}

/** Why the server said no: `.status`, `.message` in plain words, `.errors` as {field: why}. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || sentence(status));
    this.status = status;
    this.errors = body?.errors ?? {};
  }
}

/** One sentence for a status that came without words. 0 stands for a connection that failed. */
export function sentence(status) {
  const sentences = {
    0: 'No connection to the server. Nothing was changed.',
    401: 'Your session has ended. Sign in again.',
    403: 'Your role does not allow this.',
    404: 'This is no longer here.',
    409: 'This page belongs to another workspace, or someone was faster. Load it again.',
    413: 'This is larger than the server accepts.',
    429: 'Too many requests. Try again in a minute.',
    503: 'The server is not ready. Try again in a minute.',
  };
  return sentences[status] ?? 'The server failed. Try again; the failure is in its log.';
}

/** send('POST', '/segments/preview', { criteria }, { signal }) → parsed JSON, or null for 204. Throws Problem. */
export async function send(method, url, body, { signal } = {}) {
  const form = body instanceof FormData;
  const options = { method, signal, headers: { Accept: 'application/json', ...headers() } };
  if (body !== undefined && body !== null) {
    options.body = form ? body : JSON.stringify(body);
    if (!form) options.headers['Content-Type'] = 'application/json';
  }
  let answer;
  try {
    answer = await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0);
  }
  const json = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

// The API page: fill in an endpoint, call it with the reader's session, show exactly what came back.
import { on } from '../lib/dom.js';
import { headers, sentence } from '../lib/http.js';

const LONGEST = 20_000;

function address(form) {
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll('[data-in]')) {
    if (field.dataset.in === 'path') path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.value !== '') query.append(field.name, field.value);
  }
  return query.size ? `${path}?${query}` : path;
}

function request(form) {
  const options = { method: form.dataset.method, headers: { Accept: 'application/json', ...headers() } };
  const body = form.elements.namedItem('body');
  const file = form.elements.namedItem('file');
  if (body) {
    options.body = body.value;
    options.headers['Content-Type'] = 'application/json';
  } else if (file) {
    options.body = new FormData();
    options.body.append('file', file.files[0]);
  }
  return options;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function call(form) {
  const output = form.querySelector('output');
  const box = form.querySelector('pre');
  const started = performance.now();
  output.textContent = 'Asking';
  try {
    const answer = await fetch(address(form), request(form));
    const text = pretty(await answer.text());
    output.textContent = `${answer.status} in ${Math.round(performance.now() - started)} ms`;
    box.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n…` : text;
    box.hidden = text === '';
  } catch {
    output.textContent = sentence(0);
    box.hidden = true;
  }
}

on('submit', 'form[data-try]', (event, form) => {
  event.preventDefault();
  call(form);
});

// Sends a file as a stream, with progress, a way to stop, and a way to try again. Without this script the form posts it.
import { announce } from '../live.js';
import { Problem, headers, sentence } from '../lib/http.js';
import { on } from '../lib/dom.js';
import { duration, size } from '../lib/sizes.js';

const form = document.querySelector('form[data-upload]');
const input = form.elements.namedItem('file');
const part = (name) => form.querySelector(`[data-${name}]`);
const bar = form.querySelector('[role=progressbar]');
/** Beginnings of files that people take for CSV: said before gigabytes are sent. */
const OTHERS = [
  ['PK', 'This is a zip archive or a workbook, not CSV.', 'Unpack it, or save the sheet as “CSV UTF-8”.'],
  ['\u001f\u008b', 'This file is compressed with gzip.', 'Unpack it and choose the file inside.'],
  ['\u00d0\u00cf\u0011\u00e0', 'This is an old Excel workbook, not CSV.', 'Save the sheet as “CSV UTF-8”.'],
  ['%PDF', 'This is a PDF, not CSV.', ''],
];
let file = null;
let request = null;

function show(name, visible) {
  part(name).hidden = !visible;
}

function refuse(why, then = 'Nothing was sent.', { again = false } = {}) {
  part('why').textContent = why;
  part('then').textContent = then;
  show('problem', true);
  show('retry', again);
  show('progress', false);
  show('drop', true);
  show('kinds', true);
  input.setAttribute('aria-invalid', 'true');
  (again ? part('retry') : input).focus();
}

async function misfit(chosen) {
  const most = Number(form.dataset.most);
  if (chosen.size > most) {
    return [`${chosen.name} has ${size(chosen.size)}; ${form.dataset.mostSays} are the most.`, 'Split it into parts.'];
  }
  if (!chosen.size) return ['The file is empty.', 'Choose another one.'];
  let start;
  try {
    start = String.fromCharCode(...new Uint8Array(await chosen.slice(0, 4).arrayBuffer()));
  } catch {
    return ['The file cannot be read.', 'Is it a folder, or was it moved?'];
  }
  const other = OTHERS.find(([mark]) => start.startsWith(mark));
  return other ? other.slice(1) : null;
}

async function choose(chosen) {
  if (!chosen || request) return;
  file = chosen;
  const problem = await misfit(chosen);
  if (problem) refuse(...problem);
  else send();
}

function send() {
  const began = performance.now();
  show('problem', false);
  show('drop', false);
  show('kinds', false);
  show('progress', true);
  input.removeAttribute('aria-invalid');
  part('name').textContent = file.name;
  part('note').textContent = 'Stay on this page until the file is here.';
  progress(0, file.size, began);
  const body = new FormData();
  body.append('kind', form.elements.namedItem('kind').value);
  body.append('file', file);
  request = new XMLHttpRequest();
  request.open('POST', form.action);
  for (const [name, value] of Object.entries({ Accept: 'application/json', ...headers() })) {
    request.setRequestHeader(name, value);
  }
  request.upload.addEventListener('progress', (event) => progress(event.loaded, event.total, began));
  request.upload.addEventListener('load', () => {
    part('note').textContent = 'It is here. Its beginning is being read.';
  });
  request.addEventListener('load', () => answered(request));
  request.addEventListener('error', () => lost());
  request.addEventListener('abort', () => ended());
  request.send(body);
  part('stop').focus();
}

function progress(loaded, total, began) {
  const seconds = (performance.now() - began) / 1000;
  const percent = total ? Math.floor((loaded * 100) / total) : 0;
  const rate = seconds > 1 ? loaded / seconds : 0;
  const rest = rate && loaded < total ? ` · about ${duration((total - loaded) / rate)} left` : '';
  bar.firstElementChild.setAttribute('width', `${percent}%`);
  bar.setAttribute('aria-valuenow', percent);
  part('aside').textContent = `${percent} % of ${size(total)}${rest}`;
  announce(`${percent} % sent`);
}

function ended() {
  request = null;
  show('progress', false);
  show('drop', true);
  show('kinds', true);
  input.value = '';
  input.focus();
}

function lost() {
  request = null;
  refuse('The connection was lost before the file was here.', 'Nothing was kept of it.', { again: true });
}

function answered({ status, responseText }) {
  let says = null;
  try {
    says = JSON.parse(responseText);
  } catch {
    // A page of a proxy: the status has to do.
  }
  if (status === 201) {
    location.assign(says.url);
    return;
  }
  request = null;
  input.value = '';
  const why =
    Object.values(says?.errors ?? {}).join(' ') || (says ? new Problem(status, says).message : sentence(status));
  refuse(why, 'Nothing was kept of it.', { again: status >= 500 || status === 429 });
}

window.addEventListener('beforeunload', (event) => {
  if (request && request.readyState < 4) event.preventDefault();
});
form.classList.add('live');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  choose(input.files[0]);
});
input.addEventListener('change', () => choose(input.files[0]));
on('click', '[data-stop]', () => request?.abort());
on('click', '[data-retry]', () => file && choose(file));

const zone = part('drop');
for (const type of ['dragenter', 'dragover']) {
  document.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    zone.classList.add('over');
  });
}
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) zone.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  zone.classList.remove('over');
  const [first, ...others] = event.dataTransfer.files;
  if (others.length) refuse('One file at a time.');
  else choose(first);
});

// Light, dark or as the system; theme.js has already applied the choice before the first paint.
import { kept, on } from './lib/dom.js';

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');

function apply(choice) {
  root.dataset.themeChoice = choice;
  root.dataset.bsTheme = choice === 'dark' || (choice === 'auto' && system.matches) ? 'dark' : 'light';
  for (const button of document.querySelectorAll('[data-theme-set]')) {
    button.setAttribute('aria-pressed', String(button.dataset.themeSet === choice));
  }
}

on('click', '[data-theme-set]', (_event, button) => {
  kept.set('fl-theme', button.dataset.themeSet);
  apply(button.dataset.themeSet);
});
system.addEventListener('change', () => apply(kept.get('fl-theme', 'auto')));
addEventListener('storage', (event) => {
  if (event.key === 'fl-theme') apply(event.newValue ?? 'auto');
});
apply(kept.get('fl-theme', 'auto'));

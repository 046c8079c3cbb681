// Runs before the first paint, so that a dark page never flashes white. Nothing else may go in here.
const root = document.documentElement;
let choice = 'auto';
try {
  choice = localStorage.getItem('fl-theme') ?? 'auto';
} catch {
  // Storage may be refused; the system's own choice is then as good as any.
}
const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
root.dataset.bsTheme = dark ? 'dark' : 'light';
root.dataset.themeChoice = choice;

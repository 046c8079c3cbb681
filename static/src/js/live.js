// Parts that refresh themselves ([data-live], polled by htmx): quiet in a hidden tab, and never under the pointer's feet.
let spokenAt = 0;
let waiting = null;

/** Say a text to screen readers, at most every 3 s; the last of what came in between is said. */
export function announce(text) {
  clearTimeout(waiting);
  const say = () => {
    spokenAt = Date.now();
    const region = document.getElementById('fl-spoken');
    if (region) region.textContent = text;
  };
  const wait = spokenAt + 3000 - Date.now();
  if (wait > 0) waiting = setTimeout(say, wait);
  else say();
}

document.addEventListener('htmx:beforeRequest', (event) => {
  const node = event.detail.elt;
  // A person who opens a menu or holds a button inside the part keeps it still.
  const busy =
    node.matches('[data-live]') &&
    (document.hidden || node.querySelector(':popover-open, details[open] :focus, :active'));
  if (busy) event.preventDefault();
});
document.addEventListener('htmx:afterSwap', (event) => {
  const spoken = event.detail.elt.closest?.('[data-announce]') ?? event.detail.elt.querySelector?.('[data-announce]');
  if (spoken) announce(spoken.dataset.announce || spoken.textContent.trim());
});

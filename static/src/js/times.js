// "12 min ago" grows older while the page stands. The words are those of app/core/web/format.py.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** Words for an age in seconds, or null when it is a day or more and the server's date stays. */
export function ago(seconds) {
  if (seconds < MINUTE) return 'just now';
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return null;
}

function refresh() {
  for (const node of document.querySelectorAll('time[data-ago]')) {
    const words = ago((Date.now() - Date.parse(node.dateTime)) / 1000);
    if (words && node.textContent !== words) node.textContent = words;
  }
}

setInterval(refresh, 30_000);

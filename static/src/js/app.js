// What every page loads. Parts that only some pages need live in pages/, one entry each.
import './lib/htmx.js';
import './appearance.js';
import './dialogs.js';
import './drawer.js';
import './forms.js';
import './keys.js';
import './live.js';
import './palette.js';
import './popovers.js';
import './tables.js';
import './times.js';
import './toasts.js';
import Alpine from './lib/alpine.js';

// Modules run in the order of the page and before this event, so every component of a page is registered by now.
document.addEventListener('DOMContentLoaded', () => Alpine.start());

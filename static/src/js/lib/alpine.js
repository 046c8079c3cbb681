// Alpine's CSP build. A page module registers its component while it loads; app.js starts Alpine when all have loaded.
import Alpine from '@alpinejs/csp';

/** component('segmentBuilder', (options) => ({ … })) for <div x-data="segmentBuilder({ … })">. */
export function component(name, make) {
  Alpine.data(name, make);
}

export default Alpine;

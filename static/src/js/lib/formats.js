// Figures on axes and in tooltips, in the workspace's locale and currency; the same forms as app/core/web/numbers.py.
import { meta } from './dom.js';

const NARROW = '\u202f';
const MISSING = '–';
const locale = (meta('locale') || 'en').replace('_', '-');

function number(value, places = 0) {
  const options = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(locale, options).format(value).replace('-', '−');
}

/** 20000 → 20k, 1500000 → 1.5M; below a thousand as it is. */
function shortened(value) {
  const size = Math.abs(value);
  const [scaled, unit] = size >= 1e6 ? [value / 1e6, 'M'] : size >= 1000 ? [value / 1000, 'k'] : [value, ''];
  return [scaled, Number.isInteger(scaled) ? 0 : 1, unit];
}

function money() {
  const style = { style: 'currency', currency: meta('currency') || 'USD' };
  const digits = new Intl.NumberFormat(locale, style).resolvedOptions().maximumFractionDigits;
  const write = (value, places) =>
    new Intl.NumberFormat(locale, { ...style, minimumFractionDigits: places, maximumFractionDigits: places })
      .format(value)
      .replace('-', '−');
  return {
    value: (minor) => (minor === null ? MISSING : write(minor / 10 ** digits, 0)),
    axis: (minor) => {
      const [value, places, unit] = shortened(minor / 10 ** digits);
      return write(value, places).replace(/(\d)(\D*)$/, `$1${unit}$2`);
    },
  };
}

function percent(fraction, places) {
  return `${number(fraction * 100, places)}${NARROW}%`;
}

/** Decimals that tell a percentage apart: two below 2, one up to 100. */
function places(fraction) {
  const size = Math.abs(fraction * 100);
  if (size === 0) return 0;
  return size < 1.995 ? 2 : size <= 100 ? 1 : 0;
}

const UNITS = {
  count: () => ({
    value: (n) => (n === null ? MISSING : number(n)),
    axis: (n) => {
      const [value, digits, unit] = shortened(n);
      return Math.abs(n) < 1e6 ? number(n) : `${number(value, digits)}${NARROW}${unit}`;
    },
  }),
  money,
  rate: () => ({
    value: (x) => (x === null ? MISSING : percent(x, places(x))),
    axis: (x) => percent(x, Number.isInteger(Math.round(x * 1e6) / 1e4) ? 0 : 1),
  }),
};

/** {value, axis}: how a figure of this unit reads in full and on an axis. */
export function formats(unit) {
  return UNITS[unit]();
}

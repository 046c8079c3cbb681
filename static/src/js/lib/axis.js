// Where a value axis begins.

/** The part of the height below which a bar is not seen: three pixels or so. */
const SEEN = 0.02;

/** Bars stand on zero. What lies below it moves the axis only where it is seen: rounding would give a refund of $5 room for $1,000. */
export function beginning(series) {
  const values = series.flatMap((one) => one.values).filter((value) => value !== null);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return -low < SEEN * (high - low) ? 0 : undefined;
}

// One series of a chart's data → series of ECharts, by kind. Shapes differ as well as colours.

function soft(colour, alpha) {
  return colour.replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);
}

function zeroLine(t, data) {
  if (!data.zero) return undefined;
  const last = data.series[0].values.findLast((value) => value !== null) ?? 0;
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: t.ink3, type: 'dashed' },
    // on the side of the line where the data is not
    label: { formatter: data.zero, color: t.ink3, position: last > 0 ? 'insideEndBottom' : 'insideEndTop' },
    data: [{ yAxis: 0 }],
  };
}

const dots = (one) => (one.values.length <= 16 ? 'circle' : 'none');

function line(t, one, colour, data) {
  return {
    name: one.name,
    type: 'line',
    data: one.values,
    symbol: dots(one),
    symbolSize: 5,
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: 2 },
    markLine: zeroLine(t, data),
  };
}

export const kinds = {
  bar: (t, one, colour, data) => ({
    name: one.name,
    type: 'bar',
    data: one.values,
    barMaxWidth: 18,
    barGap: '10%',
    itemStyle: { color: colour, borderRadius: [3, 3, 0, 0] },
    markLine: zeroLine(t, data),
  }),
  line,
  area: (t, one, colour, data) => ({ ...line(t, one, colour, data), areaStyle: { color: soft(colour, 0.12) } }),
  /** The earlier period: dashed, without a colour of its own. */
  before: (t, one) => ({
    name: one.name,
    type: 'line',
    data: one.values,
    symbol: 'none',
    itemStyle: { color: t.ink3 },
    lineStyle: { color: t.ink3, width: 1.25, type: [3, 3] },
  }),
  /** An estimate with its interval: 16 % of the colour from low to high, stacked whatever the sign. */
  band: (t, one, colour, data) => {
    const edge = {
      type: 'line',
      symbol: 'none',
      stack: `band ${one.name}`,
      stackStrategy: 'all',
      lineStyle: { opacity: 0 },
      silent: true,
    };
    const height = one.high.map((high, at) => (high === null ? null : high - one.low[at]));
    return [
      { ...edge, data: one.low },
      { ...edge, data: height, areaStyle: { color: soft(colour, 0.16) } },
      line(t, one, colour, data),
    ];
  },
};

// Draws every [data-chart] from the JSON beside it (templates/_macros/chart.html). The one place where roles of DESIGN.md become
// options of ECharts: pages only describe data. Tooltips are drawn as text in the SVG, since HTML ones need inline styles.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { beginning } from './lib/axis.js';
import { formats } from './lib/formats.js';
import { kinds } from './lib/series.js';

use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const ROLES = ['ink', 'ink-2', 'ink-3', 'line', 'line-strong', 'surface', 'accent-ink'];
const drawn = new Map();

/** light-dark() resolves only on an element, so a probe reads each role as a plain colour. */
function readTokens() {
  const probe = document.createElement('i');
  document.body.append(probe);
  const read = (name) => {
    probe.style.color = `var(--fl-${name})`;
    return getComputedStyle(probe).color;
  };
  const tokens = Object.fromEntries(ROLES.map((name) => [name.replace('-', ''), read(name)]));
  for (let at = 1; at <= 8; at++) tokens[`c${at}`] = read(`c${at}`);
  // Double quotes would end the SVG attribute that the font stands in.
  tokens.font = getComputedStyle(document.body).fontFamily.replaceAll('"', "'");
  probe.remove();
  return tokens;
}

function tooltip(t, data, write) {
  return {
    trigger: 'axis',
    renderMode: 'richText',
    confine: true,
    backgroundColor: t.surface,
    borderColor: t.linestrong,
    borderWidth: 1,
    padding: [8, 11],
    textStyle: { color: t.ink, fontSize: 12, fontFamily: t.font, lineHeight: 18 },
    axisPointer: { type: 'line', lineStyle: { color: t.linestrong, type: 'solid' } },
    formatter: (points) => {
      const at = points[0].dataIndex;
      const lines = data.series.map((one) => {
        const said = `${one.name}  ${write(one.values[at])}`;
        return one.kind === 'band' ? `${said}  (${write(one.low[at])} to ${write(one.high[at])})` : said;
      });
      return [data.x[at], ...lines].join('\n');
    },
  };
}

function option(t, data, width) {
  const { value, axis } = formats(data.unit);
  const bars = data.series.some((one) => one.kind === 'bar');
  const labels = Math.max(2, Math.floor(width / 92));
  return {
    animation: false,
    textStyle: { fontFamily: t.font, fontSize: 12, color: t.ink2 },
    grid: { left: 4, right: 12, top: 12, bottom: 6, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: tooltip(t, data, value),
    xAxis: {
      type: 'category',
      data: data.x,
      boundaryGap: true,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: t.linestrong } },
      axisLabel: { color: t.ink3, hideOverlap: true, interval: Math.max(0, Math.ceil(data.x.length / labels) - 1) },
    },
    yAxis: {
      type: 'value',
      scale: !bars, // bars stand on zero; the scale of a line may leave it out
      min: bars ? beginning(data.series) : undefined,
      splitNumber: 3,
      minInterval: data.unit === 'count' ? 1 : 0,
      axisLine: { show: false },
      splitLine: { lineStyle: { color: t.line } },
      axisLabel: { color: t.ink3, formatter: axis },
    },
    series: data.series.flatMap((one, at) => kinds[one.kind](t, one, t[one.colour ?? `c${at + 1}`], data)),
  };
}

function draw(node) {
  const data = JSON.parse(document.getElementById(node.dataset.chart).textContent);
  drawn.get(node)?.dispose();
  const chart = init(node, null, { renderer: 'svg' });
  chart.setOption(option(readTokens(), data, node.clientWidth));
  drawn.set(node, chart);
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    // Labels depend on the width, so a chart whose width changed is drawn anew.
    if (drawn.has(target) && drawn.get(target).getWidth() !== target.clientWidth) draw(target);
  }
});

function drawAll(root = document) {
  for (const node of root.querySelectorAll('[data-chart]')) {
    if (drawn.has(node)) continue;
    draw(node);
    sizes.observe(node);
  }
}

drawAll();
document.addEventListener('htmx:afterSettle', () => {
  for (const [node, chart] of drawn) {
    if (node.isConnected) continue;
    chart.dispose();
    sizes.unobserve(node);
    drawn.delete(node);
  }
  drawAll();
});
new MutationObserver(() => [...drawn.keys()].forEach(draw)).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ['data-bs-theme'],
});

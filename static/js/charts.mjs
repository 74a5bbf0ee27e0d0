/* Charts: [data-mk-chart="ID of the data island"]. Chart.js is loaded when the first one comes into view; colours follow the theme. */

import { language, word } from "./words.mjs";

let library = null;
const drawn = new Map();

function load() {
  library ??= import(word("chartsSrc")).then((module) => module.Chart ?? module.default);
  return library;
}

/* light-dark() has to be resolved before a canvas can use it. */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--mk-${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const faded = (value) => value.replace(/^rgb\((.+)\)$/, "rgba($1, 0.16)");

function band(label, values, hue, fill) {
  return { label, data: values, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, backgroundColor: faded(hue), fill, quiet: true };
}

function datasets(data) {
  return data.series.flatMap((series, at) => {
    const hue = colour(`series-${(at % 5) + 1}`);
    const main = { type: series.kind ?? data.type, label: series.label, data: series.values, borderColor: hue, backgroundColor: data.type === "bar" ? hue : faded(hue), borderWidth: data.type === "bar" ? 0 : 2, pointRadius: 0, pointHitRadius: 12, tension: 0.25, borderRadius: 2, maxBarThickness: 28, spanGaps: false };
    if (!series.low) return [main];
    return [main, band(series.label, series.high, hue, false), band(series.label, series.low, hue, "-1")];
  });
}

function goal(data) {
  if (data.target === undefined || data.target === null) return [];
  const line = data.labels.map(() => data.target);
  return [{ type: "line", label: data.target_label ?? "", data: line, borderColor: colour("ink-3"), borderDash: [3, 3], borderWidth: 1, pointRadius: 0 }];
}

function options(data) {
  const number = new Intl.NumberFormat(language);
  const said = (value) => `${number.format(value)}${data.unit ? ` ${data.unit}` : ""}`;
  const whole = data.series.every(({ values }) => values.every((value) => Number.isInteger(value ?? 0)));
  const ticks = { color: colour("ink-3"), font: { size: 11 }, maxRotation: 0, autoSkipPadding: 16 };
  return {
    responsive: true, maintainAspectRatio: false, animation: false, interaction: { mode: "index", intersect: false },
    scales: {
      x: { stacked: Boolean(data.stacked), grid: { display: false }, border: { color: colour("line-strong") }, ticks },
      y: { stacked: Boolean(data.stacked), beginAtZero: data.from_zero !== false, grid: { color: colour("line") }, border: { display: false }, ticks: { ...ticks, maxTicksLimit: 5, callback: said, ...(whole && { precision: 0 }) } },
    },
    plugins: {
      legend: { display: data.series.length > 1, align: "start", labels: { boxWidth: 10, boxHeight: 10, color: colour("ink-2"), filter: (item, chart) => !chart.datasets[item.datasetIndex].quiet } },
      tooltip: { filter: (item) => !item.dataset.quiet, callbacks: { label: (item) => `${item.dataset.label}: ${said(item.parsed.y)}` } },
    },
  };
}

async function draw(figure) {
  const island = document.getElementById(figure.dataset.mkChart);
  const canvas = figure.querySelector("canvas");
  if (!island || !canvas) return;
  const data = JSON.parse(island.textContent);
  const Chart = await load();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  drawn.get(figure)?.destroy();
  drawn.set(figure, new Chart(canvas, { type: data.type, data: { labels: data.labels, datasets: [...datasets(data), ...goal(data)] }, options: options(data) }));
  figure.dataset.ready = "";
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watcher.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "200px" });

function watch(root) {
  for (const figure of root.querySelectorAll?.("[data-mk-chart]") ?? []) watcher.observe(figure);
}

function redraw() {
  for (const [figure, chart] of drawn) {
    if (figure.isConnected) draw(figure);
    else { chart.destroy(); drawn.delete(figure); }
  }
}

watch(document);
document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
document.addEventListener("mk:theme", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

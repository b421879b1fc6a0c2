// The four graphs of the page.

import { Chart, niceMax } from "./chart.js";
import { $, latency, number, percent } from "./dom.js";
import { color, met } from "./members.js";

const plots = {
  cpu: new Chart($("chart-cpu"), 156),
  size: new Chart($("chart-size"), 78),
  rps: new Chart($("chart-rps"), 78),
  p95: new Chart($("chart-p95"), 78),
};

// bands turns the states of an alert over time into stretches of one state.
const bands = (points, which) => {
  const out = [];
  for (const p of points) {
    const last = out.at(-1);
    if (last) last.to = p.t;
    if (last?.state !== p[which]) out.push({ state: p[which], from: p.t, to: p.t, class: `${which} ${p[which]}` });
  }
  return out.filter((b) => b.state === "pending" || b.state === "firing");
};

// showGraphs draws points, which are not empty, and marks webhooks among events.
export const showGraphs = ({ seconds, settings }, points, events) => {
  const from = points[0].t;
  const axis = { from, to: Math.max(seconds, from + 4 * settings.interval, from + 10) };
  const line = (name, kind, pick, more) => ({ name, class: kind, points: points.map((p) => [p.t, pick(p)]), ...more });
  const last = points.at(-1);

  const shown = met().filter((name) => points.some((p) => name in p.members));
  plots.cpu.show({
    ...axis, max: 100, ticks: [0, 50, 100], unit: percent,
    label: `Average CPU ${percent(last.cpu)}, alerts above ${settings.high_threshold} % and below ${settings.low_threshold} %`,
    bands: [...bands(points, "high"), ...bands(points, "low")],
    rules: [
      { value: settings.high_threshold, name: `above ${settings.high_threshold} %: add a member`, class: "high" },
      { value: settings.low_threshold, name: `below ${settings.low_threshold} %: remove one`, class: "low" },
    ],
    series: [
      ...shown.map((name) => line(name, `${color(name)} thin`, (p) => p.members[name] ?? null, { quiet: true })),
      line("average", "average", (p) => p.cpu, { area: true }),
    ],
  });
  plots.size.show({
    ...axis, max: Math.max(settings.max, ...points.map((p) => Math.max(p.healthy, p.forecast ?? 0))) + 0.5,
    unit: (v) => String(Math.round(10 * v) / 10),
    ticks: [...new Set([0, Math.ceil(settings.max / 2), settings.max])],
    label: `Pool size: ${last.healthy} healthy, ${last.wanted} wanted`,
    series: [
      line("healthy", "healthy", (p) => p.healthy, { step: true, area: true }),
      line("wanted", "wanted", (p) => p.wanted, { step: true }),
      ...["load", "forecast"].filter((name) => points.some((p) => typeof p[name] === "number")).map((name) => line(name, name, (p) => p[name] ?? null)),
    ],
    markers: events.filter((e) => e.kind === "webhook" && e.direction && e.seconds >= from)
      .map((e) => ({ id: e.id, t: e.seconds, up: e.direction === "up" })),
  });
  const rate = niceMax(Math.max(...points.map((p) => p.rps)), 5);
  plots.rps.show({
    ...axis, max: rate, ticks: [0, rate / 2, rate], unit: number, label: `${number(last.rps)} requests per second`,
    series: [line("now", "rps", (p) => p.rps, { area: true })],
  });
  const slow = niceMax(Math.max(...points.map((p) => p.p95)), 100);
  plots.p95.show({
    ...axis, max: slow, ticks: [0, slow / 2, slow], unit: latency, label: `95 of 100 requests take at most ${latency(last.p95)}`,
    series: [line("now", "p95", (p) => (p.rps > 0 ? p.p95 : null), { area: false })],
  });
};

// The page of the demo: it receives updates and draws them, and sends commands.

import { Chart, clockTime, niceMax } from "./chart.js";

const $ = (id) => document.getElementById(id);
const write = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};
const percent = (v) => (v === null || v === undefined ? "–" : `${Math.round(v)} %`);
const number = (v) => v.toLocaleString("en", { maximumFractionDigits: v < 10 ? 1 : 0 });
const latency = (v) => (v >= 1000 ? `${(v / 1000).toFixed(v < 10000 ? 1 : 0)} s` : `${Math.round(v)} ms`);

let snapshot = null;
let points = [];
let events = [];
let controls = { load: false, kill: false, max_clients: 0 };
const seen = []; // names of members in the order they came: the order of colours

// ---- what comes in

const connect = () => {
  const source = new EventSource("/stream");
  source.addEventListener("update", (e) => {
    link("on", "live");
    receive(JSON.parse(e.data));
  });
  source.addEventListener("end", () => {
    source.close();
    link("off", "ended: this is the last state");
  });
  source.onerror = () => {
    if (snapshot?.phase === "done") {
      source.close();
      link("off", "ended: this is the last state");
    } else link("wait", "connection lost, trying again");
  };
};

const link = (state, text) => {
  $("link").dataset.link = state;
  write("link", text);
};

const receive = (update) => {
  if (update.first) {
    points = [];
    events = [];
    seen.length = 0;
    cards.clear();
    $("members").replaceChildren();
    $("events").replaceChildren();
  }
  points.push(...update.points);
  // Members that have left since still have their lines.
  for (const name of update.points.flatMap((p) => Object.keys(p.members))) {
    if (!seen.includes(name)) seen.push(name);
  }
  events.push(...update.events);
  events.splice(0, Math.max(0, events.length - 500));
  snapshot = update.snapshot ?? snapshot;
  const oldest = (snapshot?.seconds ?? 0) - update.window;
  while (points.length && points[0].t < oldest) points.shift();
  timeline(update.events);
  if (!snapshot) return;
  header();
  system();
  members();
  loop();
  if (!document.hidden) charts();
};

// ---- the head and the picture of the system

const header = () => {
  const list = [...$("phases").children];
  const now = list.findIndex((li) => li.dataset.phase === snapshot.phase);
  list.forEach((li, i) => {
    li.dataset.when = i < now ? "past" : i === now ? "now" : "later";
    if (i === now) li.setAttribute("aria-current", "step");
    else li.removeAttribute("aria-current");
  });
  write("time", clockTime(snapshot.seconds));
  write("speed", snapshot.speed === 1 ? "real time" : `${number(snapshot.speed)}× speed`);
};

const system = () => {
  const { load, addresses } = snapshot;
  write("clients", String(load.clients));
  write("rps", number(load.requests_per_second));
  write("p95", load.requests_per_second > 0 ? latency(load.p95_ms) : "–");
  write("requests", load.requests.toLocaleString("en"));
  write("lost", load.errors.toLocaleString("en"));
  $("lost").dataset.bad = load.errors > 0;
  const pace = load.requests_per_second > 0 ? "flow" : "still";
  $("wire").dataset.pace = pace;
  $("wire2").dataset.pace = pace;
  for (const [id, address] of [["app", addresses.app], ["grafana", addresses.grafana]]) {
    $(id).hidden = !address;
    if (address && $(id).getAttribute("href") !== address) $(id).href = address;
  }
  if (!dragging && Date.now() > settled) wish(load.clients);
};

const cards = new Map(); // by name

const members = () => {
  const { pool, settings, load } = snapshot;
  const healthy = pool.members.filter((m) => m.state === "healthy").length;
  write("poolsize", `${healthy} healthy, ${pool.wanted} wanted, from ${settings.min} to ${settings.max}`);
  for (const m of pool.members) {
    if (!seen.includes(m.name)) seen.push(m.name);
    let card = cards.get(m.name);
    if (!card) {
      card = makeCard(m.name);
      cards.set(m.name, card);
      $("members").append(card.root);
    }
    card.root.dataset.state = m.state;
    card.root.dataset.flow = m.serving && load.requests_per_second > 0;
    card.root.dataset.heat = m.cpu > settings.high_threshold ? "high" : m.cpu < settings.low_threshold ? "low" : "mid";
    card.value.setAttribute("stroke-dashoffset", 100 - Math.min(100, m.cpu ?? 0));
    card.cpu.textContent = m.cpu === null ? "–" : String(Math.round(m.cpu));
    card.state.textContent = m.state;
    card.address.textContent = m.address || "no address yet";
    card.age.textContent = clockTime(m.age);
    card.kill.hidden = !controls.kill || m.state === "leaving";
  }
  for (const [name, card] of cards) {
    if (pool.members.some((m) => m.name === name)) continue;
    cards.delete(name);
    card.root.dataset.state = "gone";
    setTimeout(() => card.root.remove(), 450);
  }
};

const make = (tag, kind, text = "") => {
  const node = document.createElement(tag);
  node.className = kind;
  node.textContent = text;
  return node;
};

const makeCard = (name) => {
  const root = make("li", "card member");
  const ring = document.querySelector(".ring").cloneNode(true);
  const value = ring.querySelector(".value");
  value.removeAttribute("id");
  const gauge = make("div", "gauge");
  const cpu = make("span", "cpu");
  gauge.append(ring, cpu);
  const [state, address, age] = [make("span", "what"), make("span", "address"), make("span", "age")];
  const title = make("h3", "", name);
  title.title = name;
  title.prepend(make("i", `swatch m${Math.max(0, seen.indexOf(name)) % 8}`));
  const kill = make("button", "kill", "Delete");
  kill.type = "button";
  kill.title = "Delete this machine without telling the autoscaler";
  kill.setAttribute("aria-label", `Delete ${name} without telling the autoscaler`);
  kill.addEventListener("click", () => sendCommand("/api/kill", { member: name }));
  const text = make("div", "text");
  text.append(state, address, age);
  root.append(title, gauge, text, kill);
  return { root, value, cpu, state, address, age, kill };
};

// ---- the control loop

const loop = () => {
  const { alerts, settings, webhooks, steps } = snapshot;
  const high = settings.high_threshold;
  const low = settings.low_threshold;
  const cpu = snapshot.average_cpu;
  write("average", percent(cpu));
  $("fill").style.width = `${cpu ?? 0}%`;
  $("fill").dataset.heat = cpu > high ? "high" : cpu < low ? "low" : "mid";
  $("lowmark").style.left = `${low}%`;
  $("highmark").style.left = `${high}%`;
  write("engine", settings.alerting ? `by ${settings.alerting}` : "");
  for (const [id, state, text] of [["high", alerts.high, `CPU above ${high} %`], ["low", alerts.low, `CPU below ${low} %`]]) {
    write(id, state);
    $(id).dataset.alert = state;
    write(`${id}name`, text);
  }
  write("hooksup", String(webhooks.up));
  write("hooksdown", String(webhooks.down));
  write("stepsup", String(steps.up));
  write("stepsdown", String(steps.down));
  write("apicalls", snapshot.api_calls.toLocaleString("en"));
  write("limits", `from ${settings.min} to ${settings.max} members`);
  write("turn", `${Math.max(0, Math.ceil(snapshot.next_turn))} s`);
  const done = 100 * (1 - Math.min(1, snapshot.next_turn / (settings.interval || 1)));
  $("turnring").setAttribute("stroke-dashoffset", 100 - done);
  const last = events.findLast((e) => e.kind === "decision");
  if (last) write("decision", last.text);
};

// ---- graphs

const plots = {
  cpu: new Chart($("chart-cpu"), 176),
  size: new Chart($("chart-size"), 90),
  rps: new Chart($("chart-rps"), 90),
  p95: new Chart($("chart-p95"), 90),
};

// bands turns the states of an alert over time into stretches of one state.
const bands = (which) => {
  const out = [];
  for (const p of points) {
    const last = out.at(-1);
    if (last) last.to = p.t;
    if (last?.state !== p[which]) out.push({ state: p[which], from: p.t, to: p.t, class: `${which} ${p[which]}` });
  }
  return out.filter((b) => b.state === "pending" || b.state === "firing");
};

const charts = () => {
  if (!points.length) return;
  const { settings } = snapshot;
  const from = points[0].t;
  const axis = { from, to: Math.max(snapshot.seconds, from + 4 * settings.interval, from + 10) };
  const line = (name, kind, pick, more) => ({ name, class: kind, points: points.map((p) => [p.t, pick(p)]), ...more });
  const last = points.at(-1);

  const shown = seen.filter((name) => points.some((p) => name in p.members));
  plots.cpu.show({
    ...axis, max: 100, ticks: [0, 50, 100], unit: percent,
    label: `Average CPU ${percent(last.cpu)}, alerts above ${settings.high_threshold} % and below ${settings.low_threshold} %`,
    bands: [...bands("high"), ...bands("low")],
    rules: [
      { value: settings.high_threshold, name: `above ${settings.high_threshold} %: add a member`, class: "high" },
      { value: settings.low_threshold, name: `below ${settings.low_threshold} %: remove one`, class: "low" },
    ],
    series: [
      ...shown.map((name) => line(name, `m${seen.indexOf(name) % 8} thin`, (p) => p.members[name] ?? null, { quiet: true })),
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

// ---- the timeline: newest first

const timeline = (fresh) => {
  for (const e of fresh) {
    const item = make("li", "event");
    Object.assign(item.dataset, { kind: e.kind, severity: e.severity, direction: e.direction ?? "" });
    const text = make("p", "", e.text);
    if (e.reason) text.append(make("small", "", e.reason));
    item.append(make("time", "", clockTime(e.seconds)), make("span", "kind", e.kind), text);
    $("events").prepend(item);
  }
  while ($("events").children.length > 200) $("events").lastChild.remove();
};

// ---- commands

let settled = 0; // until when the slider keeps what the person chose
let dragging = false;
let sending = false;
let next = null;

const wish = (n) => {
  $("slider").value = n;
  $("slider").setAttribute("aria-valuetext", `${n} clients`);
  write("wish", String(n));
};

const sendCommand = async (path, body) => {
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    write("refused", response.ok ? "" : answer.error ?? `refused: ${response.status}`);
  } catch {
    write("refused", "the demo does not answer");
  }
};

// setLoad sends one command at a time; while one is under way only the newest
// wish is kept.
const setLoad = async (n) => {
  wish(n);
  next = n;
  if (sending) return;
  sending = true;
  while (next !== null) {
    const clients = next;
    next = null;
    settled = Date.now() + 1500;
    await sendCommand("/api/load", { clients });
  }
  sending = false;
};

$("slider").addEventListener("input", (e) => setLoad(Number(e.target.value)));
$("slider").addEventListener("pointerdown", () => { dragging = true; });
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { dragging = false; });
$("load").addEventListener("submit", (e) => e.preventDefault());
for (const button of document.querySelectorAll("[data-clients]")) {
  button.addEventListener("click", () => setLoad(Math.min(Number(button.dataset.clients), controls.max_clients)));
}

fetch("/api/controls").then((r) => r.json()).then((c) => {
  controls = c;
  $("load").hidden = !c.load;
  $("slider").max = c.max_clients;
}).catch(() => {}).finally(connect);

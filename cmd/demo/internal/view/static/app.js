// The page of the demo: it receives updates and draws them.

import { followLoad, loadControls } from "./commands.js";
import { $, clockTime, heat, latency, make, number, percent, write } from "./dom.js";
import { showGraphs } from "./graphs.js";
import { connect } from "./link.js";
import { forgetMembers, meet, showMembers } from "./members.js";
import { live, showLink } from "./notice.js";

let snapshot = null;
let points = [];
let events = [];

const receive = (update) => {
  if (update.first) {
    points = [];
    events = [];
    forgetMembers();
    $("events").replaceChildren();
  }
  points.push(...update.points);
  meet(update.points.flatMap((p) => Object.keys(p.members)));
  events.push(...update.events);
  events.splice(0, Math.max(0, events.length - 500));
  snapshot = update.snapshot ?? snapshot;
  const oldest = (snapshot?.seconds ?? 0) - update.window;
  while (points.length && points[0].t < oldest) points.shift();
  timeline(update.events);
  draw();
};

const draw = () => {
  if (!snapshot) return;
  meet(snapshot.pool.members.map((m) => m.name));
  header();
  system();
  showMembers(snapshot);
  loop();
  if (!document.hidden && points.length) showGraphs(snapshot, points, events);
};

// ---- the head and the picture of the system

const header = () => {
  const absent = snapshot.settings.interactive ? "done" : "ready";
  const list = [...$("phases").children].filter((li) => {
    li.hidden = li.dataset.phase === absent;
    return !li.hidden;
  });
  const now = list.findIndex((li) => li.dataset.phase === snapshot.phase);
  list.forEach((li, i) => {
    li.dataset.when = i < now ? "past" : i === now ? "now" : "later";
    if (i === now) li.setAttribute("aria-current", "step");
    else li.removeAttribute("aria-current");
  });
  write("awaits", live() && snapshot.awaits ? `waiting for ${snapshot.awaits}` : "");
  write("time", clockTime(snapshot.seconds));
  write("speed", snapshot.speed === 1 ? "real time" : `${number(snapshot.speed)}× speed`);
};

const system = () => {
  const { load, addresses, pool, settings } = snapshot;
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
    $(id).hidden = !address || !live(); // there is nothing to open after the end
    if (address && $(id).getAttribute("href") !== address) $(id).href = address;
  }
  const healthy = pool.members.filter((m) => m.state === "healthy").length;
  write("poolsize", `${healthy} healthy, ${pool.wanted} wanted, from ${settings.min} to ${settings.max}`);
  followLoad(load.clients);
};

// ---- the control loop

const loop = () => {
  const { alerts, settings, webhooks, steps } = snapshot;
  const { high_threshold: high, low_threshold: low } = settings;
  const cpu = snapshot.average_cpu;
  write("average", percent(cpu));
  $("fill").style.width = `${cpu ?? 0}%`;
  $("fill").dataset.heat = heat(cpu, settings);
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
  write("turn", live() ? `${Math.max(0, Math.ceil(snapshot.next_turn))} s` : "–");
  const done = 100 * (1 - Math.min(1, snapshot.next_turn / (settings.interval || 1)));
  $("turnring").setAttribute("stroke-dashoffset", 100 - done);
  const last = events.findLast((e) => e.kind === "decision");
  if (last) write("decision", last.text);
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

const show = (state, which) => {
  showLink(state, snapshot?.seconds ?? 0, which);
  if (state !== "on") draw();
};

document.addEventListener("visibilitychange", draw);
loadControls().catch(() => {}).finally(() => {
  const again = connect(receive, show);
  $("again").addEventListener("click", again);
});

// The cards of the pool's members.

import { canKill, send } from "./commands.js";
import { $, clockTime, heat, make } from "./dom.js";
import { live } from "./notice.js";

const cards = new Map(); // by name
const seen = []; // names of members in the order they came: the order of colours

// forgetMembers begins again.
export const forgetMembers = () => {
  seen.length = 0;
  cards.clear();
  $("members").replaceChildren();
};

// meet gives names their colours; those that have left keep theirs.
export const meet = (names) => {
  for (const name of names) if (!seen.includes(name)) seen.push(name);
};

export const met = () => seen;
export const color = (name) => `m${Math.max(0, seen.indexOf(name)) % 8}`;

export const showMembers = ({ pool, settings, load }) => {
  for (const m of pool.members) {
    let card = cards.get(m.name);
    if (!card) {
      card = makeCard(m.name);
      cards.set(m.name, card);
      $("members").append(card.root);
    }
    card.root.dataset.state = m.state;
    card.root.dataset.flow = m.serving && load.requests_per_second > 0;
    card.root.dataset.heat = heat(m.cpu, settings);
    card.value.setAttribute("stroke-dashoffset", 100 - Math.min(100, m.cpu ?? 0));
    card.cpu.textContent = m.cpu === null ? "–" : String(Math.round(m.cpu));
    card.state.textContent = m.state;
    card.address.textContent = m.address || "no address yet";
    card.age.textContent = clockTime(m.age);
    card.kill.hidden = !canKill() || m.state === "leaving" || !live();
  }
  for (const [name, card] of cards) {
    if (pool.members.some((m) => m.name === name)) continue;
    cards.delete(name);
    card.root.dataset.state = "gone";
    setTimeout(() => card.root.remove(), 450);
  }
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
  // Members of a pool share the beginning of their names: the end is what counts.
  const own = name.lastIndexOf("-") + 1;
  const title = make("h3", "");
  title.title = name;
  title.append(make("i", `swatch ${color(name)}`), make("span", "shared", name.slice(0, own)), make("span", "own", name.slice(own)));
  const kill = make("button", "kill", "Delete");
  kill.type = "button";
  kill.title = "Delete this machine without telling the autoscaler";
  kill.setAttribute("aria-label", `Delete ${name} without telling the autoscaler`);
  kill.addEventListener("click", () => send("/api/kill", { member: name }));
  title.append(kill);
  const text = make("div", "text");
  text.append(state, address, age);
  root.append(title, gauge, text);
  return { root, value, cpu, state, address, age, kill };
};

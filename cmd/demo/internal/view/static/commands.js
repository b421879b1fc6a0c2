// What the user can do: set the load, delete a member.

import { $, clients, write } from "./dom.js";

const shown = 8000; // how long a refusal stays, in milliseconds

let controls = { load: false, kill: false, max_clients: 0 };
let settled = 0; // until when the slider keeps what the user chose
let dragging = false;
let sending = false;
let next = null;
let forget;

export const canKill = () => controls.kill;

const refuse = (text) => {
  write("refused", text);
  clearTimeout(forget);
  if (text) forget = setTimeout(() => write("refused", ""), shown);
};

const wish = (n) => {
  $("slider").value = n;
  $("slider").setAttribute("aria-valuetext", clients(n));
  write("wish", clients(n));
};

// followLoad moves the slider to the load of the demo, unless the user has it.
export const followLoad = (n) => {
  if (!dragging && Date.now() > settled) wish(n);
};

export const send = async (path, body) => {
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    refuse(response.ok ? "" : answer.error ?? `refused: ${response.status}`);
  } catch {
    refuse("the demo does not answer");
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
    const count = next;
    next = null;
    settled = Date.now() + 1500;
    await send("/api/load", { clients: count });
  }
  sending = false;
};

// loadControls asks what the user can do, and shows it.
export const loadControls = async () => {
  controls = await (await fetch("/api/controls")).json();
  $("load").hidden = !controls.load;
  $("slider").max = controls.max_clients;
  for (const [id, count] of [["none", 0], ["all", controls.max_clients]]) {
    write(id, clients(count));
    $(id).addEventListener("click", () => setLoad(count));
  }
};

$("slider").addEventListener("input", (e) => setLoad(Number(e.target.value)));
$("slider").addEventListener("pointerdown", () => { dragging = true; });
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { dragging = false; });
$("load").addEventListener("submit", (e) => e.preventDefault());

// Small helps for the page: elements, and how figures are written.

export const $ = (id) => document.getElementById(id);

// write changes the text of an element, only if it is another one.
export const write = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};

export const make = (tag, kind, text = "") => {
  const node = document.createElement(tag);
  node.className = kind;
  node.textContent = text;
  return node;
};

export const percent = (v) => (v === null || v === undefined ? "–" : `${Math.round(v)} %`);
export const number = (v) => v.toLocaleString("en", { maximumFractionDigits: v < 10 ? 1 : 0 });
export const latency = (v) => (v >= 1000 ? `${(v / 1000).toFixed(v < 10000 ? 1 : 0)} s` : `${Math.round(v)} ms`);
export const clients = (n) => (n === 1 ? "1 client" : `${n} clients`);

export const clockTime = (seconds) => {
  const n = Math.max(0, Math.floor(seconds));
  return `${Math.floor(n / 60)}:${String(n % 60).padStart(2, "0")}`;
};

// heat names how busy a member, or all of them, are.
export const heat = (cpu, { high_threshold: high, low_threshold: low }) => (cpu > high ? "high" : cpu < low ? "low" : "mid");

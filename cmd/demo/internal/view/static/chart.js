// Small SVG line charts that share a time axis and a crosshair.

import { clockTime } from "./dom.js";

const space = "http://www.w3.org/2000/svg";
const pad = { left: 34, right: 10, top: 8, bottom: 18 };

// niceMax rounds up to 1, 2 or 5 times a power of ten.
export const niceMax = (v, least) => {
  const max = Math.max(v, least);
  const unit = 10 ** Math.floor(Math.log10(max));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((f) => f * unit).find((m) => m >= max * 0.999);
};

const timeStep = (span, width) => {
  const room = Math.max(2, Math.floor(width / 90));
  return [5, 10, 15, 30, 60, 120, 300, 600, 1800].find((s) => span / s <= room) ?? 3600;
};

// The crosshair: one moment for all charts, or null.
const listeners = new Set();
let hover = null;
const point = (t) => {
  hover = t;
  listeners.forEach((draw) => draw());
};

export class Chart {
  // host is a figure; height is in pixels, without the caption.
  constructor(host, height) {
    this.svg = document.createElementNS(space, "svg");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("class", "plot");
    host.append(this.svg);
    this.legend = host.querySelector(".values");
    this.height = height;
    this.width = 0;
    this.nodes = new Map();
    new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry.contentRect.width);
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
      this.draw();
    }).observe(this.svg);
    this.svg.addEventListener("pointermove", (e) => {
      const x = e.clientX - this.svg.getBoundingClientRect().left;
      if (this.frame) point(Math.min(Math.max(this.time(x), this.frame.from), this.frame.to));
    });
    this.svg.addEventListener("pointerleave", () => point(null));
    listeners.add(() => this.draw());
  }

  // show draws a frame: {from, to, max, unit, ticks, bands, rules, series,
  // markers, label}. Series have {name, class, points: [[t, v]], step, area}.
  show(frame) {
    this.frame = frame;
    this.svg.setAttribute("aria-label", frame.label);
    this.draw();
  }

  time(x) {
    const { from, to } = this.frame;
    return from + ((x - pad.left) / (this.width - pad.left - pad.right)) * (to - from);
  }

  draw() {
    const f = this.frame;
    if (!f || this.width < 60) return;
    const right = this.width - pad.right;
    const bottom = this.height - pad.bottom;
    const x = (t) => pad.left + ((t - f.from) / (f.to - f.from)) * (right - pad.left);
    const y = (v) => bottom - (Math.min(Math.max(v, 0), f.max) / f.max) * (bottom - pad.top);
    this.used = new Set();

    f.bands?.forEach((b, i) => {
      const left = Math.max(x(b.from), pad.left);
      this.put(`band${i}`, "rect", {
        x: left, y: pad.top, width: Math.max(0, x(b.to) - left), height: bottom - pad.top, class: `band ${b.class}`,
      });
    });
    f.ticks.forEach((v) => {
      this.put(`grid${v}`, "line", { x1: pad.left, x2: right, y1: y(v), y2: y(v), class: "grid" });
      this.text(`tick${v}`, `${v}`, { x: pad.left - 6, y: y(v) + 3.5, "text-anchor": "end" });
    });
    const step = timeStep(f.to - f.from, right - pad.left);
    for (let t = Math.ceil(f.from / step) * step; t <= f.to; t += step) {
      this.text(`time${t}`, clockTime(t), { x: x(t), y: this.height - 4, "text-anchor": t === 0 ? "start" : "middle" });
    }
    f.rules?.forEach((r) => {
      this.put(`rule-${r.class}`, "line", { x1: pad.left, x2: right, y1: y(r.value), y2: y(r.value), class: `rule ${r.class}` });
      this.text(`rulename-${r.class}`, r.name, { x: right - 4, y: y(r.value) - 4, "text-anchor": "end", class: `rulename ${r.class}` });
    });
    for (const s of f.series) {
      const shape = path(s, x, y);
      if (s.area && shape) {
        const [first, last] = [s.points[0][0], s.points.at(-1)[0]];
        this.put(`area-${s.name}`, "path", { d: `${shape}L${x(last)} ${bottom}L${x(first)} ${bottom}Z`, class: `area ${s.class}` });
      }
      this.put(`line-${s.name}`, "path", { d: shape, class: `line ${s.class}` });
    }
    f.markers?.forEach((m) => {
      const [mx, tip, base] = [x(m.t), m.up ? bottom - 8 : bottom - 1, m.up ? bottom - 1 : bottom - 8];
      this.put(`mark${m.id}`, "path", { d: `M${mx - 4} ${base}L${mx + 4} ${base}L${mx} ${tip}Z`, class: `marker ${m.up ? "up" : "down"}` });
    });
    if (hover !== null && hover >= f.from && hover <= f.to) {
      this.put("cross", "line", { x1: x(hover), x2: x(hover), y1: pad.top, y2: bottom, class: "cross" });
    }
    this.captions();
    for (const [key, node] of this.nodes) {
      if (!this.used.has(key)) {
        node.remove();
        this.nodes.delete(key);
      }
    }
  }

  // captions writes the newest values, or those under the crosshair.
  captions() {
    const f = this.frame;
    const at = hover ?? Infinity;
    const wanted = f.series.filter((s) => !s.quiet).map((s) => {
      const before = s.points.filter(([t]) => t <= at);
      const value = before.length ? before.at(-1)[1] : null;
      const name = s.name === "now" && hover !== null ? "then" : s.name;
      return [s.class, name, value === null ? "–" : f.unit(value)];
    });
    if (hover !== null) wanted.unshift(["", "at", clockTime(hover)]);
    while (this.legend.children.length > wanted.length) this.legend.lastChild.remove();
    wanted.forEach(([kind, name, value], i) => {
      let item = this.legend.children[i];
      if (!item) {
        item = document.createElement("span");
        item.append(document.createElement("i"), document.createElement("span"), document.createElement("b"));
        this.legend.append(item);
      }
      item.className = `key ${kind}`;
      item.children[1].textContent = name;
      item.children[2].textContent = value;
    });
  }

  put(key, tag, attributes) {
    let node = this.nodes.get(key);
    if (!node) {
      node = document.createElementNS(space, tag);
      this.nodes.set(key, node);
    }
    // Paint order is the order of the calls.
    this.svg.append(node);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    this.used.add(key);
    return node;
  }

  text(key, words, attributes) {
    this.put(key, "text", { class: "axis", ...attributes }).textContent = words;
  }
}

// path leaves a gap where a value is missing.
const path = (s, x, y) => {
  let d = "";
  let previous = null;
  for (const [t, v] of s.points) {
    if (v === null || v === undefined) {
      previous = null;
      continue;
    }
    const [px, py] = [x(t).toFixed(1), y(v).toFixed(1)];
    if (previous === null) d += `M${px} ${py}`;
    else d += s.step ? `H${px}V${py}` : `L${px} ${py}`;
    previous = v;
  }
  return d;
};

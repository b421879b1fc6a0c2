// What the page says about its connection.

import { $, clockTime, write } from "./dom.js";

const states = {
  on: { dot: "on", text: "live" },
  silent: { dot: "wait", text: "silent", notice: (at) => `The demo has said nothing for some seconds. This is how it was at ${at}.` },
  lost: { dot: "wait", text: "connection lost", notice: (at, which) => `The connection is lost: trying again, ${which}. This is how the demo was at ${at}.` },
  gone: { dot: "off", text: "no answer", notice: (at) => `The demo does not answer any more: it was killed or has crashed. This is how it was at ${at}.` },
  ended: { dot: "off", text: "ended", notice: (at) => `The demo has ended at ${at}, and this is its last state. To see it again: go run ./cmd/demo` },
};

// live reports whether what the page shows happens now.
export const live = () => document.body.dataset.live === "true";

// showLink shows a state of the connection; seconds are those of the last update.
export const showLink = (state, seconds, which) => {
  const { dot, text, notice } = states[state];
  document.body.dataset.live = state === "on";
  document.title = state === "on" ? "exopool demo" : `exopool demo: ${text}`;
  $("link").dataset.link = dot;
  write("link", text);
  write("notice-text", notice ? notice(clockTime(seconds), which) : "");
  $("notice").dataset.state = state;
  $("again").hidden = state !== "gone";
  $("controls").disabled = state !== "on";
};

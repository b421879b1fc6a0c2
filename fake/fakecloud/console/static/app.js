// Shows the same page again, every two seconds. The page is complete without it.

const interval = 2000;
const policy = window.trustedTypes?.createPolicy("console", { createHTML: (text) => text });
const link = document.getElementById("link");
const shown = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.innerHTML]));

// swap replaces what is in a part, and keeps what its user did there.
const swap = (part, fresh) => {
  const open = [...part.querySelectorAll("details[open]")].map((d) => d.id);
  const scrolled = [...part.querySelectorAll(".scroll, pre")].map((s) => [s.scrollLeft, s.scrollTop, s.scrollTop + s.clientHeight >= s.scrollHeight - 4]);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const at = focused && !focused.id ? [...part.querySelectorAll("a, button, [tabindex], summary")].indexOf(focused) : -1;
  part.replaceChildren(...fresh.childNodes);
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  part.querySelectorAll(".scroll, pre").forEach((s, i) => {
    if (!scrolled[i]) return;
    [s.scrollLeft, s.scrollTop] = scrolled[i];
    if (scrolled[i][2] && s.matches(".log")) s.scrollTop = s.scrollHeight;
  });
  if (!focused) return;
  const again = focused.id ? document.getElementById(focused.id) : part.querySelectorAll("a, button, [tabindex], summary")[at];
  again?.focus({ preventScroll: true });
};

// selecting reports whether text of a part is selected, which must not go.
const selecting = (part) => {
  const selection = getSelection();
  return selection && !selection.isCollapsed && selection.containsNode(part, true);
};

const refresh = async () => {
  const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(15000) });
  if (!answer.ok) throw new Error(answer.status === 404 ? "it is gone" : `status ${answer.status}`);
  const text = await answer.text();
  const next = new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
  document.querySelectorAll("[data-live]").forEach((part) => {
    const fresh = next.getElementById(part.id);
    if (!fresh || selecting(part)) return;
    const html = fresh.innerHTML;
    if (html === shown.get(part.id)) return;
    shown.set(part.id, html);
    swap(part, fresh);
  });
};

const say = (state, text) => {
  if (link.dataset.link === state) return;
  link.dataset.link = state;
  link.textContent = text;
};

const log = document.querySelector(".log");
if (log) log.scrollTop = log.scrollHeight;

const run = async () => {
  try {
    if (!document.hidden) {
      await refresh();
      say("on", "live");
    }
  } catch (err) {
    say("lost", `not up to date: ${err.message}`);
  }
  setTimeout(run, interval);
};
setTimeout(run, interval);

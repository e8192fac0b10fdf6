// What makes the console handier where scripts run. Every page works without it.
"use strict";

const language = document.documentElement.lang;
const words = document.body.dataset;

// Times: in the viewer's zone, the exact instant on hover.

const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(language, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  fractionalSecondDigits: 3, timeZoneName: "longOffset",
});
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const SPANS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function distance(milliseconds, direction) {
  const seconds = Math.max(0, milliseconds / 1000);
  const [unit, length] = SPANS.find(([, length]) => seconds >= length) || ["second", 1];
  return relative.format(direction * Math.floor(seconds / length), unit);
}

const MANNERS = {
  ago: (moment) => distance(Date.now() - moment, -1),
  until: (moment) => distance(moment - Date.now(), 1),
  clock: (moment) => clock.format(moment),
  hour: new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format,
  date: new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric" }).format,
};

function showTimes(part) {
  for (const tip of part.querySelectorAll("title[data-at]")) {
    tip.textContent = `${clock.format(Number(tip.dataset.at))}\n${tip.dataset.words}`;
  }
  for (const time of part.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    if (isNaN(moment)) continue;
    const words = MANNERS[time.dataset.time](moment);
    if (time.textContent !== words) time.textContent = words;
    time.title = `${exact.format(moment)}\n${time.dateTime}`;
  }
}

// Copying: a button with data-copy, or a value of a payload tree, whose path is copied.

function say(text, tone = "good") {
  const place = document.getElementById("toasts") || document.body.appendChild(
    Object.assign(document.createElement("div"), { id: "toasts", role: "status" }));
  place.setAttribute("role", "status");
  const toast = Object.assign(document.createElement("p"), { className: `message ${tone}`, textContent: text });
  place.append(toast);
  setTimeout(() => toast.remove(), 4000);
}

async function copy(text, message) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS browsers keep the clipboard away from scripts, but not from a selection.
    const area = Object.assign(document.createElement("textarea"), { value: text, className: "away" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${message}: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`);
}

function choosePath(path) {
  const chosen = new CustomEvent("path", { bubbles: true, cancelable: true, detail: path.dataset.path });
  if (path.dispatchEvent(chosen)) copy(path.dataset.path, words.copiedPath);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button.dataset.copy, words.copied);
  const value = event.target.closest("[data-tree] .path, [data-tree] .value, [data-tree] .leaf > .name");
  if (value && !getSelection().toString()) {
    event.preventDefault();
    choosePath(value.closest(".leaf, summary").querySelector(".path"));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.matches("[data-tree] .path") && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choosePath(event.target);
  }
});

function enliven(part) {
  showTimes(part);
  for (const button of part.querySelectorAll("[data-copy], [data-live-switch]")) button.hidden = false;
  for (const path of part.querySelectorAll("[data-tree] .path")) {
    path.classList.add("handy");
    // A branch's summary is a button already, and none may stand in another.
    if (path.closest("summary")) continue;
    path.tabIndex = 0;
    path.setAttribute("role", "button");
  }
}

// Forms that ask first: <form data-ask="Cancel 12 calls?">.

function ask(question) {
  const dialog = document.createElement("dialog");
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  const text = Object.assign(document.createElement("p"), { textContent: question, id: "question" });
  const buttons = Object.assign(document.createElement("div"), { className: "buttons" });
  const no = Object.assign(document.createElement("button"), { value: "no", textContent: words.no });
  const yes = Object.assign(document.createElement("button"), { value: "yes", textContent: words.yes, className: "primary" });
  buttons.append(no, yes);
  form.append(text, buttons);
  dialog.append(form);
  dialog.setAttribute("aria-labelledby", "question");
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => dialog.addEventListener("close", () => {
    dialog.remove();
    answer(dialog.returnValue === "yes");
  }));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.ask || form.dataset.asked) return;
  event.preventDefault();
  const button = event.submitter;
  if (await ask(button?.dataset.ask || form.dataset.ask)) {
    form.dataset.asked = "yes";
    form.requestSubmit(button);
  }
});

// A long change goes on by itself: <form data-go-on>.

document.querySelector("[data-go-on]")?.requestSubmit();

// Live parts: <div id="…" data-live="URL"> is asked for every 5 s while somebody looks, until it holds data-final.

let live = localStorage.getItem("live") !== "no";

// What one reads stays where it is though rows come in above it.
function hold(part) {
  if (part.getBoundingClientRect().top >= 0) return () => {};
  const held = [...part.querySelectorAll("[id]")].find((one) => one.getBoundingClientRect().top >= 0);
  const before = held?.getBoundingClientRect().top;
  return () => {
    const now = held && document.getElementById(held.id);
    if (now) scrollBy({ top: now.getBoundingClientRect().top - before, behavior: "instant" });
  };
}

function replace(part, html) {
  const settle = hold(part);
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.getAttribute("href") && `[href="${CSS.escape(focused.getAttribute("href"))}"]`);
  for (const open of part.querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  }
  part.replaceChildren(...fresh.childNodes);
  enliven(part);
  if (key) part.querySelector(key)?.focus({ preventScroll: true });
  settle();
}

function keepLive(part) {
  let tag = "", failures = 0;
  const selecting = () => {
    const selection = getSelection();
    return !selection.isCollapsed && part.contains(selection.anchorNode);
  };
  const writing = () => [...part.querySelectorAll("input, textarea, select")].some(
    (field) => field === document.activeElement || field.value !== (field.defaultValue ?? field.value));
  async function look() {
    try {
      const answer = await fetch(part.dataset.live, { headers: { "X-Console": "live", "If-None-Match": tag }, redirect: "error" });
      if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
      if (answer.ok && !selecting() && !writing()) {
        replace(part, await answer.text());
        tag = answer.headers.get("ETag");
      }
      if (failures > 2) part.classList.remove("gone");
      failures = 0;
    } catch {
      failures += 1;
      if (failures === 3) {
        part.classList.add("gone");
        say(words.gone, "bad");
      }
    }
  }
  const timer = setInterval(() => {
    if (part.querySelector("[data-final]")) return clearInterval(timer);
    if (live && !document.hidden && part.isConnected && !(failures > 2 && Math.random() > 0.2)) look();
  }, 5000);
}

function showSwitch(button) {
  button.setAttribute("aria-pressed", String(live));
}

for (const button of document.querySelectorAll("[data-live-switch]")) {
  showSwitch(button);
  button.addEventListener("click", () => {
    live = !live;
    localStorage.setItem("live", live ? "yes" : "no");
    showSwitch(button);
  });
}

enliven(document);
for (const part of document.querySelectorAll("[data-live]")) keepLive(part);
setInterval(() => { if (!document.hidden) showTimes(document); }, 10000);

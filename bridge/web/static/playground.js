// The playground answers as one types. Without this script its button does.
"use strict";

{
  const form = document.getElementById("playground");
  const text = document.getElementById("f-text");
  const state = document.getElementById("pg-state");
  const gutter = Object.assign(document.createElement("div"), { className: "gutter" });
  const numbers = document.createElement("pre");
  gutter.setAttribute("aria-hidden", "true");
  gutter.append(numbers);
  text.before(gutter);

  // Line numbers, those with findings marked.

  function drawGutter() {
    const marks = new Map();
    for (const finding of document.querySelectorAll("#pg-result .findings [data-column]")) {
      const line = Number(finding.dataset.line);
      if (marks.get(line) !== "bad") marks.set(line, finding.className);
    }
    const lines = text.value.split("\n").length;
    const rows = Array.from({ length: lines }, (_, index) => {
      const row = document.createElement("span");
      row.textContent = `${index + 1}\n`;
      row.className = marks.get(index + 1) || "";
      return row;
    });
    numbers.replaceChildren(...rows);
    follow();
  }

  function follow() {
    numbers.style.transform = `translateY(${-text.scrollTop}px)`;
  }

  function goTo(line, column = 1) {
    const lines = text.value.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(at + column - 1, at + (lines[line - 1] || "").length);
    text.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(text).lineHeight));
  }

  // Asking: a moment after the last key; the last answer wins.

  let latest = 0, timer = 0, asked = null;

  async function ask(what) {
    const number = ++latest;
    asked?.abort();
    asked = new AbortController();
    state.textContent = state.dataset.busy;
    const data = new FormData(form);
    data.set("do", what);
    try {
      const answer = await fetch(form.dataset.try, {
        method: "POST", body: new URLSearchParams(data), signal: asked.signal, redirect: "error",
        headers: { "X-Console": "live", "X-CSRF-Token": document.querySelector('meta[name="csrf"]').content },
      });
      const html = await answer.text();
      if (number !== latest) return;
      if (!answer.ok) throw new Error(answer.status);
      show(html);
      state.textContent = "";
    } catch {
      if (number === latest) state.textContent = state.dataset.gone;
    }
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const id of ["pg-payload", "pg-result"]) {
      const part = document.getElementById(id);
      const scrolled = part.querySelector(".payload")?.scrollTop;
      const before = part.dataset.seen, now = fresh.getElementById(id);
      if (before === now.innerHTML) continue;
      part.dataset.seen = now.innerHTML;
      part.replaceChildren(...now.childNodes);
      enliven(part);
      if (scrolled) part.querySelector(".payload")?.scrollTo(0, scrolled);
    }
    drawGutter();
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(() => ask("check"), 300);
  }

  // What is pasted counts where no event is chosen.

  const chosen = document.getElementById("f-event");
  const pasted = document.getElementById("pg-pasted");

  function showPasted() {
    pasted.hidden = chosen.value !== "";
    pasted.open = true;
  }

  chosen.addEventListener("change", showPasted);
  showPasted();

  form.addEventListener("input", (event) => {
    if (event.target === text) drawGutter();
    askSoon();
  });
  form.addEventListener("submit", (event) => {
    const what = event.submitter?.value;
    if (what !== "check" && what !== "past") return;
    event.preventDefault();
    clearTimeout(timer);
    ask(what);
  });

  // Typing: Tab makes two blanks, and after Escape it leads on; a path of the payload goes to the cursor.

  let placed = false, leaving = false;

  function insert(words) {
    text.focus();
    if (!document.execCommand("insertText", false, words)) {
      text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  text.addEventListener("focus", () => { placed = true; leaving = false; });
  text.addEventListener("scroll", follow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      insert("  ");
    } else if (event.key !== "Tab" && event.key !== "Shift") leaving = false;
  });
  document.addEventListener("path", (event) => {
    if (!placed) return;
    event.preventDefault();
    insert(event.detail);
  });
  document.addEventListener("click", (event) => {
    const line = event.target.closest("#pg-result [data-line]");
    if (line && !getSelection().toString()) goTo(Number(line.dataset.line), Number(line.dataset.column || 1));
  });

  drawGutter();
}

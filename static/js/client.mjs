/* A client's pages: rows of labels, files that send themselves, unsaved changes, trying a task, choosing many. */

import { spell } from "./clocks.mjs";
import { toast } from "./toasts.mjs";
import { csrfToken, element, icon, word } from "./words.mjs";

/* Rows: a text of lines becomes a small table; the text stays the field that is sent, as JSON. */

const PARTS = {
  labels: [["label", "name"], ["value", "value"], ["key", "key"], ["description", "description"]],
  criteria: [["label", "name"], ["name", "value"], ["scale", "scale"], ["description", "description"], ["low", "low"], ["high", "high"]],
};
const LONG = new Set(["description"]);
const say = (name) => document.getElementById("mk-rows-words")?.dataset[name] ?? "";

function rows(field) {
  const kind = field.dataset.rows;
  const own = kind === "labels" ? "value" : "name";
  const list = element("ol", "mk-rows");
  const read = () => [...list.children].map((row) => Object.fromEntries([...row.querySelectorAll("input")].map((cell) => [cell.dataset.part, cell.value.trim()])));

  function write() {
    const found = read().filter((row) => row.label || row[own]).map((row) => {
      const kept = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ""));
      kept[own] = row[own] || row.label;
      if (kept.scale) kept.scale = Number(kept.scale);
      return kept;
    });
    field.value = JSON.stringify(found);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function cell([part, name], item) {
    const input = element("input", "form-control");
    input.dataset.part = part;
    input.value = item[part] ?? "";
    input.disabled = field.disabled;
    input.dir = "auto";
    if (part === "key") input.maxLength = 1;
    if (part === "scale") Object.assign(input, { type: "number", min: 2, max: 9 });
    if (LONG.has(part) && !field.disabled) input.placeholder = say(name);
    return element("label", LONG.has(part) ? "mk-rows__long" : "", element("span", "", say(name)), input);
  }

  function row(item) {
    const made = element("li", "mk-rows__row", element("div", "mk-rows__cells", ...PARTS[kind].map((part) => cell(part, item))));
    if (!field.disabled) made.append(tools(made));
    return made;
  }

  function tools(made) {
    const up = button("up", say("up"), () => { made.previousElementSibling?.before(made); write(); up.focus(); });
    const gone = button("x", say("remove"), () => { (made.nextElementSibling ?? made.previousElementSibling)?.querySelector("input").focus(); made.remove(); write(); });
    return element("div", "mk-rows__tools", up, gone);
  }

  function button(name, label, click) {
    const made = element("button", "btn btn-ghost btn-icon btn-sm", icon(name));
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", click);
    return made;
  }

  function add(items) {
    const made = items.map(row);
    list.append(...made);
    made.at(-1)?.querySelector("input").focus();
    write();
  }

  /* Several lines at once become several rows, where the cursor is. */
  list.addEventListener("paste", (event) => {
    const lines = event.clipboardData.getData("text").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    const here = event.target.closest(".mk-rows__row");
    here.after(...lines.map((line) => row({ label: line, [own]: line })));
    if (![...here.querySelectorAll("input")].some((input) => input.value)) here.remove();
    write();
  });
  list.addEventListener("input", (event) => {
    event.stopPropagation();
    write();
  });
  list.append(...JSON.parse(field.dataset.items).map((item) => row(item)));
  if (!list.children.length && !field.disabled) list.append(row({}), row({}));
  field.hidden = true;
  field.after(list);
  if (field.disabled) return;
  const more = element("button", "btn btn-sm", icon("plus"), say("add"));
  more.type = "button";
  more.addEventListener("click", () => add([{}]));
  list.after(element("div", "mk-rows__foot", more, element("span", "mk-small mk-faint", say("hint"))));
}

for (const field of document.querySelectorAll("textarea[data-rows]")) rows(field);

/* A file sends itself once it is chosen. */
document.addEventListener("change", (event) => {
  if (event.target.type === "file" && event.target.files.length) event.target.closest("form[data-mk-auto]")?.requestSubmit();
});

/* What was typed is not lost by a wrong click. */
for (const form of document.querySelectorAll("form[data-mk-guard]")) {
  const touch = (event) => { if (event.isTrusted || event.target.matches("[data-rows]")) form.dataset.touched = ""; };
  form.addEventListener("input", touch);
  form.addEventListener("change", touch);
  form.addEventListener("submit", () => delete form.dataset.touched);
}
addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-touched]")) event.preventDefault();
});

/* A dialog whose form was refused opens again, with what was typed. */
document.getElementById(document.querySelector("[data-mk-reopen]")?.dataset.mkReopen)?.showModal();

/* A long list of boxes: find in it, and how many are chosen. */
document.addEventListener("input", (event) => {
  const filter = event.target.dataset?.mkFilter;
  if (!filter) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const line of document.querySelector(filter).children) line.hidden = !line.textContent.toLowerCase().includes(wanted);
  event.stopPropagation();
}, true);
document.addEventListener("change", () => {
  for (const count of document.querySelectorAll("[data-mk-picked]")) {
    const chosen = document.querySelectorAll(`${count.dataset.mkPicked} :checked`).length;
    count.textContent = chosen ? `${chosen} ${count.dataset.some}` : count.dataset.none;
  }
});

/* Empty rows wait behind a button. */
for (const part of document.querySelectorAll("[data-mk-more]")) {
  const waiting = () => [...part.querySelectorAll("[data-mk-row][hidden]")];
  const lines = [...part.querySelectorAll("[data-mk-row]")];
  for (const line of lines.slice(1)) line.hidden = !line.querySelector("select").value;
  const more = element("button", "btn btn-sm", icon("plus"), part.dataset.mkMore);
  more.type = "button";
  more.hidden = !waiting().length;
  more.addEventListener("click", () => {
    const next = waiting()[0];
    next.hidden = false;
    next.querySelector("select").focus();
    more.hidden = !waiting().length;
  });
  part.append(element("div", "", more));
}

/* Answering a task oneself: to try it, or for a known answer. The time counts while somebody is at it. */
const QUIET = 30_000;
const answering = document.querySelector("[data-mk-answer]");
if (answering) answer(answering);

function answer(page) {
  const root = page.querySelector("[data-task-root]");
  const done = page.querySelector("[data-mk-hand-in]");
  const elapsed = document.querySelector("[data-mk-elapsed]");
  let active = 0;
  let seen = Date.now();
  let lastInput = Date.now();

  setInterval(() => {
    const now = Date.now();
    if (document.visibilityState === "visible" && now - lastInput < QUIET) active += now - seen;
    seen = now;
    if (elapsed) elapsed.textContent = spell(active / 1000);
  }, 1000);
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart", "scroll"]) {
    document.addEventListener(kind, () => { lastInput = Date.now(); }, { passive: true, capture: true });
  }
  root.addEventListener("task:ready", () => { done.disabled = false; });
  root.addEventListener("task:failed", () => toast({ text: page.dataset.wordFailed, tone: "bad" }));
  done.addEventListener("click", async () => {
    if (!root.task?.validate()) return;
    done.disabled = true;
    const body = { answer: root.task.value(), seconds: Math.max(1, Math.round(active / 1000)), begun: page.dataset.begun };
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), "HX-Request": "true" };
    const reply = await fetch(page.dataset.mkAnswer, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
    if (reply?.ok) return location.assign((await reply.json()).next);
    done.disabled = false;
    const said = reply ? await reply.text() : "";
    toast({ text: said && said.length < 400 ? said : word("offline"), tone: "bad" });
  });
}

/* Choosing many: the bar shows how many, dialogs carry their ids. */
function chosen() {
  const bar = document.querySelector("[data-mk-bulk]");
  if (!bar) return;
  const ids = [...document.querySelectorAll("[data-mk-select]:checked")].map((box) => box.value);
  bar.hidden = ids.length === 0;
  for (const count of document.querySelectorAll("[data-mk-selected]")) count.textContent = ids.length;
  for (const place of document.querySelectorAll("[data-mk-chosen-here]")) {
    place.replaceChildren(...ids.map((id) => Object.assign(element("input"), { type: "hidden", name: "submission", value: id })));
  }
}
document.addEventListener("change", chosen);
document.addEventListener("htmx:load", chosen);
addEventListener("pageshow", chosen);

/* Rows of a list by key: j and k walk, x chooses. */
document.addEventListener("keydown", (event) => {
  const list = document.querySelector("[data-mk-walk]");
  if (!list || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select") || document.documentElement.dataset.mkKeys === "off") return;
  const links = [...list.querySelectorAll("tbody a")];
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const step = { j: 1, k: -1 }[event.key];
  if (step) links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
  else if (event.key === "x" && at >= 0) links[at].closest("tr").querySelector("[data-mk-select]")?.click();
  else return;
  event.preventDefault();
});

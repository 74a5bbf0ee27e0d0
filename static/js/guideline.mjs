/* A guideline beside a task: shown or hidden (remembered where there is room), searched with its hits marked, its changes opened once,
   and its headings taken as the clause of a verdict. */

import { isFor } from "./keys.mjs";

const STORE = "mk-guide";
const NARROW = matchMedia("(max-width: 61.99em)");

const guide = document.querySelector("[data-mk-guide]");
if (guide) start(guide);

function start(guide) {
  const frame = guide.parentElement;
  const openers = document.querySelectorAll("[data-mk-guide-toggle]");
  const field = guide.querySelector("[data-mk-find]");

  /* Where there is room the guideline is open unless somebody closed it; on small screens it lies over the task only when asked for. */
  let open = !NARROW.matches && localStorage.getItem(STORE) !== "closed";
  const show = (wanted) => {
    open = wanted;
    frame.toggleAttribute("data-guide", open);
    for (const opener of openers) opener.setAttribute("aria-expanded", String(open));
    if (!NARROW.matches) localStorage.setItem(STORE, open ? "open" : "closed");
  };
  show(open);
  NARROW.addEventListener("change", () => show(!NARROW.matches));
  for (const opener of openers) opener.addEventListener("click", () => show(!open));
  guide.addEventListener("keydown", (event) => { if (event.key === "Escape" && NARROW.matches) show(false); });
  document.addEventListener("keydown", (event) => {
    if (open || !field || event.defaultPrevented || !isFor(event, field)) return;
    event.preventDefault();
    show(true);
    field.focus();
  });

  if (field) search(field, guide.querySelector("[data-mk-found]"));
  tellOfChanges(guide);
  citable(guide);
}

/** Marks every hit; Enter goes from one to the next. */
function search(field, found) {
  const text = document.querySelector(field.dataset.mkFind);
  let hits = [];
  let at = -1;
  const go = (step) => {
    hits[at]?.removeAttribute("data-here");
    at = hits.length ? (at + step + hits.length) % hits.length : -1;
    hits[at]?.setAttribute("data-here", "");
    hits[at]?.scrollIntoView({ block: "center" });
    found.textContent = field.value.trim().length < 2 ? "" : hits.length ? `${at + 1}/${hits.length}` : "0";
  };
  field.addEventListener("input", () => {
    hits = mark(text, field.value.trim().toLowerCase());
    at = -1;
    go(1);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") field.blur();
  });
}

function mark(text, wanted) {
  for (const old of text.querySelectorAll("mark")) old.replaceWith(...old.childNodes);
  text.normalize();
  if (wanted.length < 2) return [];
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes.flatMap((node) => within(node, wanted));
}

function within(node, wanted) {
  const made = [];
  for (let at = node.data.toLowerCase().indexOf(wanted); at >= 0; at = node.data.toLowerCase().indexOf(wanted)) {
    const hit = node.splitText(at);
    node = hit.splitText(wanted.length);
    const around = document.createElement("mark");
    hit.replaceWith(around);
    around.append(hit);
    made.push(around);
  }
  return made;
}

/** A version that this browser has not shown yet opens what changed. */
function tellOfChanges(guide) {
  const changes = guide.querySelector("[data-mk-changes]");
  const key = `${STORE}:${guide.dataset.project}`;
  const seen = Number(localStorage.getItem(key));
  if (changes && seen && seen < Number(guide.dataset.version)) {
    changes.open = true;
    changes.querySelector("[data-mk-new]").hidden = false;
  }
  if (guide.dataset.version) localStorage.setItem(key, guide.dataset.version);
}

/** Where a verdict is given, its clause is chosen from the headings: from a list while typing, or by a click. */
function citable(guide) {
  const clause = document.querySelector("[data-mk-verdict] [name=clause]");
  if (!clause) return;
  for (const heading of guide.querySelectorAll("#guide-text :is(h1, h2, h3, h4)")) {
    const name = heading.textContent.trim().slice(0, 200);
    clause.list?.append(new Option(name));
    heading.dataset.mkCite = "";
    heading.addEventListener("click", () => {
      clause.value = name;
      clause.dispatchEvent(new Event("input", { bubbles: true }));
      if (NARROW.matches) guide.parentElement.removeAttribute("data-guide");
    });
  }
}

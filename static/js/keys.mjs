/* Keys. An element says which keys press it: data-key="s", "mod+enter", "g h" (one after the other), several with commas between, and what it
   does: data-key-label, data-key-group. `?` shows the first of each. Single keys can be switched off (WCAG 2.1.4), and a task's own keys win:
   beside a task a page's action has a combination such as "alt+x" first, which no label can take. */

import { element, word } from "./words.mjs";

const STORE = "mk-single-keys";
const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES = { mod: MAC ? "⌘" : "Ctrl", shift: "⇧", alt: MAC ? "⌥" : "Alt", enter: "↵", esc: "Esc", up: "↑", down: "↓", left: "←", right: "→", space: "␣" };
const PRESSED = { Escape: "esc", ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right", " ": "space" };
const PAUSE = 900;

const single = () => localStorage.getItem(STORE) !== "off";
let before = "";
let beforeTimer = 0;

function nameOf(event) {
  const key = PRESSED[event.key] ?? (event.altKey ? letterOf(event) : event.key.toLowerCase());
  const mod = event.ctrlKey || event.metaKey;
  const shifted = event.shiftKey && event.key.length > 1;
  return `${mod ? "mod+" : ""}${event.altKey ? "alt+" : ""}${shifted ? "shift+" : ""}${key}`;
}

/* With Alt some systems write another sign; the key itself says which letter it is, unless the layout gave one. */
function letterOf(event) {
  const written = event.key.toLowerCase();
  return /^[a-z]$/.test(written) ? written : event.code.replace(/^Key/, "").toLowerCase();
}

const typing = (target) => target.closest?.("input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable='true']");

function reachable(node) {
  return !node.disabled && !node.closest("[inert]") && node.checkVisibility?.({ visibilityProperty: true }) !== false;
}

const keysOf = (node) => node.dataset.key.split(",").map((key) => key.trim());

function find(combo) {
  const modal = document.querySelector("dialog[open]");
  return [...(modal ?? document).querySelectorAll("[data-key]")].find((node) => keysOf(node).includes(combo) && reachable(node));
}

/** Whether this press is one of an element's, also while the element itself cannot be reached. */
export function isFor(event, node) {
  const combo = nameOf(event);
  return keysOf(node).includes(combo) && (combo.includes("+") || (single() && !typing(event.target)));
}

function press(node) {
  if (node.matches("input:not([type=radio], [type=checkbox]), textarea, select")) {
    node.focus();
    node.select?.();
  } else {
    node.click();
  }
}

function remember(combo) {
  clearTimeout(beforeTimer);
  before = combo;
  beforeTimer = setTimeout(() => { before = ""; }, PAUSE);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const combo = nameOf(event);
  const writes = MAC && combo.startsWith("alt+");
  const plain = !combo.includes("mod+") && !combo.includes("alt+");
  if (writes && typing(event.target)) return;
  if (plain && (typing(event.target) || (!single() && combo !== "?"))) return;
  if (event.target.closest?.(":popover-open")) return;
  if (combo === "enter" && event.target.closest?.("a, button, summary, label")) return;
  const node = (before && find(`${before} ${combo}`)) || find(combo);
  remember(combo);
  if (node) {
    event.preventDefault();
    before = "";
    press(node);
  } else if (combo === "?" && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    sheet();
  }
});

/** Write a combination as caps: "mod+enter" becomes two keys. */
export function caps(combo) {
  const parts = combo.split(/[+ ]/).filter(Boolean);
  return parts.map((part) => element("kbd", "mk-key", NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)));
}

function paint(root) {
  for (const hint of root.querySelectorAll?.("[data-mk-combo]:not([data-painted])") ?? []) {
    hint.dataset.painted = "";
    hint.replaceChildren(...caps(hint.dataset.mkCombo));
  }
}

function line(label, combo) {
  return element("li", "", element("span", "", label), element("span", "mk-combo", ...caps(combo)));
}

function sheet() {
  const dialog = document.getElementById("mk-keys-sheet");
  if (!dialog) return;
  const groups = new Map([[word("keysGeneral"), [line(word("keysHelp"), "?")]]]);
  for (const node of document.querySelectorAll("[data-key][data-key-label]")) {
    if (!reachable(node)) continue;
    const group = node.dataset.keyGroup ?? word("keysGeneral");
    groups.set(group, [...(groups.get(group) ?? []), line(node.dataset.keyLabel, keysOf(node)[0])]);
  }
  const own = [...groups].reverse().map(([name, lines]) => element("section", "", element("h3", "", name), element("ul", "", ...lines)));
  dialog.querySelector("[data-mk-keys-list]").replaceChildren(...own);
  dialog.querySelector("[data-mk-keys-switch]").checked = single();
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-mk-keys-open]");
  if (!opener) return;
  opener.closest("[popover]")?.hidePopover();
  sheet();
});
document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-mk-keys-switch]")) return;
  localStorage.setItem(STORE, event.target.checked ? "on" : "off");
  document.documentElement.dataset.mkKeys = event.target.checked ? "on" : "off";
});

document.documentElement.dataset.mkKeys = single() ? "on" : "off";
paint(document);
document.addEventListener("htmx:load", (event) => paint(event.detail.elt));

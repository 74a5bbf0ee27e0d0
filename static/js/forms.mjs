/* Small helps in forms: the error summary takes the focus, passwords can be shown, selects may submit,
   a form is sent once, and a list's check boxes can be set together. */

import { element, word } from "./words.mjs";

function ready(root) {
  root.querySelector?.("[data-mk-focus]")?.focus();
  for (const field of root.querySelectorAll?.("input[type=password]:not([data-shown])") ?? []) reveal(field);
}

function reveal(field) {
  field.dataset.shown = "no";
  const button = element("button", "mk-within__end", word("show"));
  button.type = "button";
  button.setAttribute("aria-controls", field.id);
  button.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.textContent = word(hidden ? "hide" : "show");
  });
  const around = element("span", "mk-within");
  field.replaceWith(around);
  around.append(field, button);
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-mk-submit]")) event.target.form.requestSubmit();
  const all = event.target.closest?.("[data-mk-select-all]");
  const list = event.target.closest?.(".mk-list");
  if (all && list) for (const box of list.querySelectorAll("[data-mk-select]")) box.checked = all.checked;
  if (list) count(list);
});

function count(list) {
  const chosen = list.querySelectorAll("[data-mk-select]:checked").length;
  const bar = list.querySelector(".mk-list__chosen");
  if (!bar) return;
  bar.hidden = chosen === 0;
  for (const node of bar.querySelectorAll("[data-mk-selected]")) node.textContent = chosen;
}

/* Twice the same click must not send twice. Back from the next page the button works again. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

ready(document);
document.addEventListener("htmx:load", (event) => ready(event.detail.elt));

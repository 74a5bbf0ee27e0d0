// What a task is about: a text or an image, large, and shown as nothing but text or an image.

import { h, icon } from "./dom.mjs";

export const type = "task_content";
export const parts = [];

/** Text in its own direction with its line breaks; an image fitted to the page, in full size in a dialog. */
export function mount(element, { payload, strings }) {
  if (payload.image) element.append(picture(payload, strings));
  if (payload.text) {
    const scrolls = payload.text.length > 2000;
    element.append(h("div", { class: `task-text${size(payload.text)}`, dir: "auto", tabindex: scrolls && "0" }, payload.text));
  }
  return {};
}

function size(text) {
  return text.length <= 180 ? " task-text--short" : text.length > 900 ? " task-text--long" : "";
}

function picture(payload, strings) {
  const image = h("img", { class: "task-picture__image", src: payload.image, alt: "", decoding: "async" });
  const click = () => large(payload.image);
  const name = { "aria-label": strings.zoom, title: strings.zoom };
  const enlarge = h("button", { class: "btn btn-sm task-picture__enlarge", type: "button", ...name, on: { click } }, icon("search") ?? "+");
  const figure = h("figure", { class: "task-picture" }, image, enlarge);
  const retry = h("button", { class: "btn btn-sm", type: "button", on: { click: () => figure.replaceWith(picture(payload, strings)) } }, strings.retry);
  image.addEventListener("error", () => figure.replaceChildren(h("p", { class: "task-failed", role: "alert" }, strings.failed, " ", retry)));
  return figure;
}

function large(source) {
  const image = h("img", { src: source, alt: "" });
  const dialog = h("dialog", { class: "task-large", on: { click: () => dialog.close(), close: () => dialog.remove() } }, image);
  document.body.append(dialog);
  dialog.showModal();
}

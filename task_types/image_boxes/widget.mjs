// Boxes on a picture: the labels as a bar, the picture with zoom, what has been marked as a list.
//
// Keys: a label's key chooses it, for the selected box or the next one; N makes a box in the middle; Tab goes from box to box; arrows move
// the box, with Shift they stretch it, with Ctrl in steps of ten; Delete removes it, Escape lets it go; Ctrl+Z undoes; + - 0 zoom.

import { fill, h, icon, keyHint } from "task-ui/dom.mjs";
import { segments } from "task-ui/segments.mjs";

import { moved, stretched } from "./geometry.mjs";
import { stage } from "./stage.mjs";

export const type = "image_boxes";
export const parts = ["boxes", "width", "height"];

const HUES = 8;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function fault(value, { options, strings }) {
  if (value?.boxes?.length || value?.none) return null;
  return options.allowNone ? strings.missing : strings.missing_strict;
}

export function mount(element, { options, strings, payload, value, readOnly, onChange }) {
  const { labels, least, most } = options;
  const order = new Map(labels.map((label, index) => [label.value, index]));
  const past = [];
  let boxes = [];
  let none = false;
  let selected = -1;
  let label = labels[0].value;
  let ready = false;

  const named = (box) => labels[order.get(box.label)]?.label ?? box.label;
  const picture = stage({
    src: payload.image,
    label: options.question,
    readOnly,
    least,
    describe: (box, index) => ({ hue: (order.get(box.label) ?? 0) % HUES, name: { short: named(box), full: fill(strings.box, { number: index + 1, label: named(box) }) } }),
    does: {
      ready: () => {
        ready = true;
        failed.hidden = true;
        show();
        if (!readOnly && (boxes.length || none)) onChange(answer(), { quiet: true });
      },
      failed: () => (failed.hidden = false),
      drawn: add,
      picked: (index) => pick(index),
      changed: (index, box) => commit(boxes.map((old, place) => (place === index ? box : old)), index),
    },
  });

  const bar = segments({
    label: strings.labels,
    options: labels.map((one, index) => ({ value: one.value, text: one.label, title: one.description || null, hint: keyHint(one.key), hue: index % HUES })),
    value: label,
    readOnly,
    onChange: choose,
  });
  bar.element.querySelectorAll(".task-segment").forEach((item, index) => {
    item.dataset.hue = String(index % HUES);
    item.querySelector("input").after(h("span", { class: "task-swatch", "aria-hidden": "true" }));
  });

  const button = (text, name, action, extra = {}) => h("button", { class: "btn btn-sm btn-icon", type: "button", "aria-label": text, title: text, on: { click: action }, ...extra }, icon(name) ?? text.slice(0, 1));
  const undoButton = readOnly ? null : button(strings.undo, "undo", undo);
  const panButton = h("button", { class: "btn btn-sm", type: "button", "aria-pressed": "false", on: { click: togglePan } }, strings.pan);
  const tools = h("div", { class: "task-tools" }, undoButton, button(strings.zoom_out, "minus", () => picture.zoomBy(1 / 1.5)), button(strings.zoom_in, "plus", () => picture.zoomBy(1.5)), h("button", { class: "btn btn-sm", type: "button", on: { click: () => picture.zoomFit() } }, strings.fit), readOnly ? null : panButton);
  const failed = h("div", { class: "task-failed", role: "alert", hidden: true }, strings.image_failed, " ", h("button", { class: "btn btn-sm", type: "button", on: { click: () => picture.retry() } }, strings.retry));
  const list = h("ol", { class: "task-marks" });
  const said = h("p", { class: "task-said", role: "status" });
  const noneBox = h("input", { type: "checkbox", disabled: readOnly, on: { change: () => ((none = noneBox.checked), tell(), show()) } });
  const noneRow = options.allowNone ? h("label", { class: "mk-choice task-none" }, noneBox, h("span", { class: "mk-choice__name" }, strings.none)) : null;

  element.append(
    h("div", { class: "task-boxes" }, h("h3", { class: "task-boxes__title", dir: "auto" }, options.question), h("div", { class: "task-boxes__bar" }, bar.element, tools), failed, picture.element, said, list, noneRow),
  );
  set(value);

  function answer() {
    const { width, height } = picture.size();
    if (!boxes.length && !none) return null;
    return { boxes: boxes.map((box) => ({ ...box })), width, height, ...(boxes.length ? {} : { none: true }) };
  }

  function tell(sentence = "") {
    said.textContent = sentence;
    onChange(answer());
  }

  function show() {
    if (ready) picture.show(boxes, selected);
    list.replaceChildren(...boxes.map(row));
    if (undoButton) undoButton.disabled = !past.length;
    noneBox.checked = none;
    if (noneRow) noneRow.hidden = boxes.length > 0 || (readOnly && !none);
    bar.set(boxes[selected]?.label ?? label);
    if (!readOnly && !boxes.length && !none) list.replaceChildren(h("li", { class: "task-marks__empty" }, strings.empty));
  }

  function row(box, index) {
    const text = fill(strings.box, { number: index + 1, label: named(box) });
    const mark = h("button", { class: "task-mark__name", type: "button", "aria-pressed": String(index === selected), on: { click: () => (pick(index), picture.focus(index)) } }, h("span", { class: "task-swatch", "aria-hidden": "true" }), h("span", { dir: "auto" }, named(box)));
    const remove = readOnly ? null : h("button", { class: "task-mark__remove", type: "button", "aria-label": fill(strings.delete_named, { name: text }), on: { click: () => drop(index) } }, icon("x") ?? "×");
    return h("li", { class: "task-mark", dataset: { hue: String((order.get(box.label) ?? 0) % HUES) }, "data-chosen": index === selected }, mark, remove);
  }

  function set(given) {
    boxes = (given?.boxes ?? []).map((box) => ({ ...box }));
    none = given?.boxes?.length === 0;
    selected = -1;
    past.length = 0;
    show();
  }

  function pick(index) {
    selected = index;
    if (index >= 0) label = boxes[index].label;
    show();
  }

  /** Takes the boxes as they are now, remembering what was. */
  function commit(now, chosen = selected, sentence = "") {
    past.push(boxes);
    [boxes, selected, none] = [now, chosen, false];
    show();
    tell(sentence);
  }

  function add(box) {
    if (boxes.length >= most) return void (said.textContent = strings.too_many);
    if (Math.min(box.w, box.h) < least) return void (said.textContent = strings.too_small);
    commit([...boxes, { label, ...box }], boxes.length);
  }

  function choose(chosen) {
    label = chosen;
    if (boxes[selected] && boxes[selected].label !== chosen) commit(boxes.map((box, index) => (index === selected ? { ...box, label: chosen } : box)));
    else show();
  }

  function drop(index) {
    commit(boxes.filter((_, place) => place !== index), Math.min(index, boxes.length - 2));
  }

  function undo() {
    if (!past.length) return;
    boxes = past.pop();
    selected = -1;
    none = false;
    show();
    tell();
  }

  function togglePan() {
    const on = panButton.getAttribute("aria-pressed") !== "true";
    panButton.setAttribute("aria-pressed", String(on));
    picture.pan(on);
  }

  function arrow(event) {
    const box = boxes[selected];
    const [x, y] = ARROWS[event.key];
    const step = picture.step() * (event.ctrlKey || event.metaKey ? 10 : 1);
    const size = picture.size();
    const to = event.shiftKey ? stretched(box, "se", x * step, y * step, size, least) : moved(box, x * step, y * step, size);
    // A row of presses on one box is one step back.
    const again = past.nudged === selected && event.repeat;
    const now = boxes.map((old, index) => (index === selected ? to : old));
    if (again) boxes = now;
    else past.push(boxes), (boxes = now);
    past.nudged = selected;
    show();
    tell();
  }

  const actions = {
    n: () => {
      add(picture.suggestion());
      picture.focus(selected);
    },
    delete: () => selected >= 0 && (drop(selected), true),
    backspace: () => selected >= 0 && (drop(selected), true),
    escape: () => selected >= 0 && (pick(-1), true),
    "+": () => picture.zoomBy(1.5),
    "=": () => picture.zoomBy(1.5),
    "-": () => picture.zoomBy(1 / 1.5),
    0: () => picture.zoomFit(),
  };

  function key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") return undo(), true;
    if (event.altKey) return false;
    if (event.key in ARROWS) return boxes[selected] && picture.holds(event.target) ? (arrow(event), true) : false;
    if (event.ctrlKey || event.metaKey) return false;
    const pressed = event.key.toLowerCase();
    const chosen = labels.find((one) => one.key && one.key === pressed);
    if (chosen) return choose(chosen.value), true;
    const action = actions[pressed];
    return action ? action() !== false : false;
  }

  return { set, key: readOnly ? undefined : key, focus: () => picture.element.focus() };
}

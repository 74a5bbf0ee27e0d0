// Boxes on a picture: the labels as a bar, the picture with zoom, what has been marked as a list.
//
// Keys: a label's key chooses it for the next box, and for the selected one if it was picked (a box just drawn is not: who chooses the label of
// the next one must not change it); N makes a box in the middle; Tab goes from box to box; arrows move the box, with Shift they stretch it,
// with Ctrl in steps of ten; Delete removes it, Escape lets it go; Ctrl+Z undoes; + - 0 zoom, H moves the view.

import { fill, h, icon, keyed } from "task-ui/dom.mjs";
import { segments } from "task-ui/segments.mjs";

import { moved, stretched } from "./geometry.mjs";
import { stage } from "./stage.mjs";

export const type = "image_boxes";
export const parts = ["boxes", "width", "height"];

const HUES = 8;
const ZOOM = 1.5;
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
  let picked = false;
  let label = labels[0].value;
  let ready = false;

  const named = (box) => labels[order.get(box.label)]?.label ?? box.label;
  const numbered = (box, index) => fill(strings.box, { number: index + 1, label: named(box) });
  const hue = (box) => (order.get(box.label) ?? 0) % HUES;
  const picture = stage({
    src: payload.image,
    label: options.question,
    readOnly,
    least,
    describe: (box, index) => ({ hue: hue(box), name: { short: named(box), full: numbered(box, index) } }),
    does: {
      ready: () => {
        ready = true;
        fail(false);
        show();
        if (!readOnly && (boxes.length || none)) onChange(answer(), { quiet: true });
      },
      failed: () => fail(true),
      drawn: (box) => add(box, false),
      picked: (index) => pick(index),
      changed: (index, box) => commit(boxes.map((old, place) => (place === index ? box : old)), index),
    },
  });

  const bar = segments({
    label: strings.labels,
    options: labels.map((one) => ({ value: one.value, text: one.label, title: one.description || null, key: one.key })),
    value: label,
    readOnly,
    onChange: choose,
  });
  bar.element.querySelectorAll(".task-segment").forEach((item, index) => {
    item.dataset.hue = String(index % HUES);
    item.querySelector("input").after(h("span", { class: "task-swatch", "aria-hidden": "true" }));
  });

  const hints = (name, key, sign) => ({ dataset: keyed(key, name, options.question), ...(sign && { title: name, "aria-label": name }) });
  const tool = (name, key, click, sign = null) =>
    h("button", { class: `btn btn-sm${sign ? " btn-icon" : ""}`, type: "button", ...hints(name, key, sign), on: { click } }, sign ?? name);
  const undoButton = readOnly ? null : tool(strings.undo, "mod+z", undo, icon("undo") ?? "↶");
  const newButton = readOnly ? null : tool(strings.new, "n", () => add(picture.suggestion(), true));
  const panButton = readOnly ? null : tool(strings.pan, "h", togglePan);
  panButton?.setAttribute("aria-pressed", "false");
  const zooming = [
    tool(strings.zoom_out, "-", () => picture.zoomBy(1 / ZOOM), "−"),
    tool(strings.zoom_in, "+", () => picture.zoomBy(ZOOM), "+"),
    tool(strings.fit, "0", () => picture.zoomFit()),
  ];
  const tools = h("div", { class: "task-tools" }, newButton, undoButton, zooming, panButton);
  const retry = h("button", { class: "btn btn-sm", type: "button", on: { click: () => picture.retry() } }, strings.retry);
  const failed = h("div", { class: "task-failed", role: "alert", hidden: true }, strings.image_failed, " ", retry);
  const list = h("ol", { class: "task-marks" });
  const said = h("p", { class: "task-said", role: "status" });
  const noneBox = h("input", { type: "checkbox", disabled: readOnly, on: { change: () => ((none = noneBox.checked), tell(), show()) } });
  const noneRow = options.allowNone ? h("label", { class: "mk-choice task-none" }, noneBox, h("span", { class: "mk-choice__name" }, strings.none)) : null;

  const title = h("h3", { class: "task-boxes__title", dir: "auto" }, options.question);
  const head = h("div", { class: "task-boxes__bar" }, readOnly ? null : bar.element, tools);
  element.append(h("div", { class: "task-boxes" }, title, head, failed, picture.element, said, list, noneRow));
  set(value);

  /** Nothing can be said of a picture that is not seen. */
  function fail(now) {
    failed.hidden = !now;
    picture.element.hidden = now;
    tools.hidden = now;
    show();
  }

  function answer() {
    const { width, height } = picture.size();
    if (!ready || (!boxes.length && !none)) return null;
    return { boxes: boxes.map((box) => ({ ...box })), width, height, ...(boxes.length ? {} : { none: true }) };
  }

  function tell(sentence = "") {
    said.textContent = sentence;
    onChange(answer());
  }

  function show() {
    if (ready) picture.show(boxes, selected);
    const place = [...list.children].findIndex((item) => item.contains(document.activeElement));
    list.replaceChildren(...boxes.map(row));
    if (place >= 0) list.children[Math.min(place, boxes.length - 1)]?.querySelector("button").focus();
    if (undoButton) undoButton.disabled = !past.length;
    noneBox.checked = none;
    if (noneRow) noneRow.hidden = !ready || boxes.length > 0 || (readOnly && !none);
    bar.set(label);
    if (ready && !readOnly && !boxes.length && !none) list.replaceChildren(h("li", { class: "task-marks__empty" }, strings.empty));
  }

  function row(box, index) {
    const choosing = { "aria-pressed": String(index === selected), on: { click: () => (pick(index), picture.focus(index)) } };
    const swatch = h("span", { class: "task-swatch", "aria-hidden": "true" });
    const mark = h("button", { class: "task-mark__name", type: "button", ...choosing }, swatch, h("span", { dir: "auto" }, named(box)));
    const removing = { "aria-label": fill(strings.delete_named, { name: numbered(box, index) }), on: { click: () => drop(index) } };
    const remove = readOnly ? null : h("button", { class: "task-mark__remove", type: "button", ...removing }, icon("x") ?? "×");
    return h("li", { class: "task-mark", dataset: { hue: String(hue(box)) }, "data-chosen": index === selected }, mark, remove);
  }

  function set(given) {
    boxes = (given?.boxes ?? []).map((box) => ({ ...box }));
    none = given?.boxes?.length === 0;
    selected = -1;
    past.length = 0;
    show();
  }

  function pick(index) {
    [selected, picked] = [index, true];
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

  function add(box, pick) {
    if (boxes.length >= most) return void (said.textContent = strings.too_many);
    if (Math.min(box.w, box.h) < least) return void (said.textContent = strings.too_small);
    commit([...boxes, { label, ...box }], boxes.length);
    picture.focus(selected);
    picked = pick;
  }

  function choose(chosen) {
    label = chosen;
    if (picked && boxes[selected] && boxes[selected].label !== chosen) commit(boxes.map((box, index) => (index === selected ? { ...box, label: chosen } : box)));
    else show();
  }

  function drop(index) {
    commit(boxes.filter((_, place) => place !== index), Math.min(index, boxes.length - 2));
    picked = false;
  }

  function undo() {
    if (!past.length) return;
    boxes = past.pop();
    selected = Math.min(selected, boxes.length - 1);
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
    if (!event.repeat) past.push(boxes); // a key that is held down is one step back
    boxes = boxes.map((old, index) => (index === selected ? to : old));
    show();
    tell();
  }

  const actions = {
    n: () => ready && add(picture.suggestion(), true),
    delete: () => selected >= 0 && (drop(selected), true),
    backspace: () => selected >= 0 && (drop(selected), true),
    escape: () => selected >= 0 && (pick(-1), true),
    h: togglePan,
    "+": () => picture.zoomBy(ZOOM),
    "=": () => picture.zoomBy(ZOOM),
    "-": () => picture.zoomBy(1 / ZOOM),
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

// The picture with its boxes: zoom, pan, and the hand that draws, moves and stretches. Says what the person did; keeps no boxes itself.
//
// Zoom makes the canvas larger inside a scrolling frame, and boxes are placed in per cent of it: nothing has to be computed again.

import { h } from "task-ui/dom.mjs";

import { between, clamp, hit, moved, stretched } from "./geometry.mjs";

const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const SLIP = 4; // pixels of the screen below which a drag was a click
const ZOOM_MOST = 12;

/**
 * stage({ src, label, readOnly, least, does: { ready(size), failed(), drawn(box), picked(index), changed(index, box) }, describe(box, index) })
 */
export function stage({ src, label, readOnly, least, does, describe }) {
  const image = h("img", { class: "task-canvas__image", alt: "", draggable: "false" });
  const layer = h("div", { class: "task-canvas__boxes" });
  const canvas = h("div", { class: "task-canvas" }, image, layer);
  const frame = h("div", { class: "task-stage", role: "group", "aria-label": label, tabindex: readOnly ? "0" : "-1" }, canvas);
  const pointers = new Map();
  let size = { width: 1, height: 1 };
  let zoom = 1;
  let boxes = [];
  let selected = -1;
  let gesture = null;
  let panning = false;

  image.addEventListener("load", () => {
    size = { width: image.naturalWidth, height: image.naturalHeight };
    fit();
    does.ready(size);
  });
  image.addEventListener("error", () => does.failed());
  new ResizeObserver(() => fit()).observe(frame);

  /** Pixels of the screen per pixel of the picture when the whole picture is seen. */
  const whole = () => Math.min(frame.clientWidth / size.width, (0.64 * window.innerHeight) / size.height);
  const scale = () => canvas.clientWidth / size.width;

  function fit() {
    canvas.style.width = `${Math.max(1, Math.floor(whole() * size.width * zoom))}px`;
    canvas.style.aspectRatio = `${size.width} / ${size.height}`;
    frame.style.height = `${Math.floor(whole() * size.height)}px`;
  }

  /** Zooms so that what is at a point of the screen (by default the middle) stays there. */
  function zoomTo(wanted, at = middle()) {
    const before = pointAt(at);
    zoom = clamp(wanted, 1, ZOOM_MOST);
    fit();
    const edges = canvas.getBoundingClientRect();
    frame.scrollLeft += edges.left + before.x * scale() - at.clientX;
    frame.scrollTop += edges.top + before.y * scale() - at.clientY;
  }

  function middle() {
    const edges = frame.getBoundingClientRect();
    return { clientX: edges.left + edges.width / 2, clientY: edges.top + edges.height / 2 };
  }

  function pointAt({ clientX, clientY }) {
    const edges = canvas.getBoundingClientRect();
    return { x: clamp((clientX - edges.left) / scale(), 0, size.width), y: clamp((clientY - edges.top) / scale(), 0, size.height) };
  }

  /** A quarter of what is seen, in its middle: where a box made by key begins. */
  function suggestion() {
    const seen = frame.getBoundingClientRect();
    const [a, b] = [0.375, 0.625].map((part) => pointAt({ clientX: seen.left + seen.width * part, clientY: seen.top + seen.height * part }));
    return between(a, b, size);
  }

  function place(element, box) {
    element.style.left = `${(box.x / size.width) * 100}%`;
    element.style.top = `${(box.y / size.height) * 100}%`;
    element.style.width = `${(box.w / size.width) * 100}%`;
    element.style.height = `${(box.h / size.height) * 100}%`;
    element.toggleAttribute("data-high", box.y < 24 / scale());
  }

  function boxElement(box, index) {
    const { name, hue } = describe(box, index);
    const chosen = index === selected && !readOnly;
    const handles = chosen ? HANDLES.map((edges) => h("span", { class: "task-box__handle", dataset: { edges } })) : [];
    const tag = h("span", { class: "task-box__tag", dir: "auto" }, name.short);
    const said = { role: "button", tabindex: "0", "aria-label": name.full, "aria-pressed": String(chosen) };
    const element = h("div", { class: "task-box", ...said, dataset: { index: String(index), hue: String(hue) } }, tag, handles);
    element.addEventListener("focus", () => index !== selected && does.picked(index));
    place(element, box);
    return element;
  }

  /** Draws all boxes anew; the selected one keeps the focus if a box had it. */
  function show(now, chosen) {
    const focused = layer.contains(document.activeElement);
    [boxes, selected] = [now, chosen];
    layer.replaceChildren(...boxes.map(boxElement));
    if (focused) (layer.children[selected] ?? frame).focus({ preventScroll: true });
  }

  function start(event) {
    if (event.button > 1) return;
    pointers.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 2) return pinch();
    const from = pointAt(event);
    const edges = event.target.dataset?.edges;
    const box = boxes[selected];
    const onChosen = box && event.target.closest?.(".task-box")?.dataset.index === String(selected);
    if (readOnly || panning || event.button === 1) gesture = { kind: "pan", left: frame.scrollLeft, top: frame.scrollTop };
    else if (edges) gesture = { kind: "stretch", edges, box };
    else if (onChosen) gesture = { kind: "move", box };
    else gesture = { kind: "draw", element: layer.appendChild(h("div", { class: "task-box task-box--new" })) };
    Object.assign(gesture, { from, event, slip: true });
    event.preventDefault();
  }

  function pinch() {
    gesture?.element?.remove();
    if (gesture?.box) place(layer.children[selected], gesture.box);
    const [a, b] = [...pointers.values()];
    gesture = { kind: "pinch", zoom, apart: distance(a, b) };
  }

  function move(event) {
    if (!pointers.has(event.pointerId) || !gesture) return;
    const before = pointers.get(event.pointerId);
    pointers.set(event.pointerId, event);
    if (gesture.kind === "pinch") return pinched(event, before);
    if (distance(event, gesture.event) >= SLIP) gesture.slip = false;
    const to = pointAt(event);
    const [dx, dy] = [to.x - gesture.from.x, to.y - gesture.from.y];
    if (gesture.kind === "pan") {
      frame.scrollLeft = gesture.left - (event.clientX - gesture.event.clientX);
      frame.scrollTop = gesture.top - (event.clientY - gesture.event.clientY);
      return;
    }
    if (gesture.kind === "draw") gesture.to = between(gesture.from, to, size);
    else if (gesture.kind === "move") gesture.to = moved(gesture.box, dx, dy, size);
    else gesture.to = stretched(gesture.box, gesture.edges, dx, dy, size, least);
    place(gesture.element ?? layer.children[selected], gesture.to);
  }

  function pinched(event, before) {
    if (pointers.size < 2) return;
    const [a, b] = [...pointers.values()];
    zoomTo((gesture.zoom * distance(a, b)) / gesture.apart, { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    frame.scrollLeft -= (event.clientX - before.clientX) / 2;
    frame.scrollTop -= (event.clientY - before.clientY) / 2;
  }

  function stop(event) {
    if (!pointers.delete(event.pointerId) || !gesture) return;
    const { kind, slip, to, from, element } = gesture;
    if (kind === "pinch" && pointers.size) return;
    gesture = null;
    element?.remove();
    if (event.type === "pointercancel") show(boxes, selected);
    else if (slip && kind !== "pinch") pick(hit(boxes, from), kind);
    else if (kind === "draw" && to) does.drawn(to);
    else if ((kind === "move" || kind === "stretch") && to) does.changed(selected, to);
  }

  function pick(index, kind) {
    if (kind === "pan" && index < 0) return;
    does.picked(index);
    layer.children[index]?.focus({ preventScroll: true });
  }

  canvas.addEventListener("pointerdown", start);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", stop);
  canvas.addEventListener("pointercancel", stop);
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(zoom * Math.exp(-event.deltaY / 300), event);
    },
    { passive: false },
  );
  image.src = src;

  return {
    element: frame,
    show,
    suggestion,
    size: () => size,
    step: () => Math.max(1, Math.round(1 / scale())),
    zoomBy: (factor) => zoomTo(zoom * factor),
    zoomFit: () => zoomTo(1),
    retry: () => (image.src = src),
    pan: (on) => {
      panning = on;
      frame.toggleAttribute("data-pan", on);
    },
    focus: (index) => layer.children[index]?.focus({ preventScroll: false }),
    holds: (target) => frame.contains(target),
  };
}

function distance(a, b) {
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}

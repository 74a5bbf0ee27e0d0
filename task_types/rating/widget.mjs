// A number on a scale: a button for each value where they are few, else a slider with a field for the exact number.
//
// Keys: a digit chooses its value where the scale has it as a button (0 is ten where there is a ten and no nought); the arrows to the left
// and to the right go a value down or up, beginning in the middle.

import { fill, h, keyed, unique } from "task-ui/dom.mjs";

export const type = "rating_scale";
export const parts = ["value"];

export function fault(value, { strings }) {
  return value ? null : strings.missing;
}

export function mount(element, { options, strings, value, readOnly, onChange }) {
  const { values, described, question } = options;
  const meaning = new Map(described.map((point) => [point.value, point.label]));
  const title = h("h3", { class: "task-scale__title", id: unique("task-scale"), dir: "auto" }, question);
  const scale = (options.buttons ? buttons : slider)({ options, strings, meaning, title, readOnly, choose });
  let chosen = null;

  const ends = [values[0], values.at(-1)].map((end) => h("span", { dir: "auto" }, meaning.has(end) ? fill(strings.means, { value: end, meaning: meaning.get(end) }) : ""));
  const listed = described.some(({ value: own, description }) => description || (own !== values[0] && own !== values.at(-1)));
  const words = listed ? h("dl", { class: "task-scale__words" }, described.map(word)) : described.length ? h("div", { class: "task-scale__ends" }, ends) : null;
  element.append(h("section", { class: "task-scale" }, title, scale.element, words));
  set(value);

  function word({ value: own, label, description }) {
    return h("div", { dataset: { value: String(own) } }, h("dt", {}, String(own)), h("dd", { dir: "auto" }, h("strong", {}, label), description && ` ${description}`));
  }

  function set(given) {
    chosen = given?.value ?? null;
    show();
  }

  function show() {
    scale.show(chosen);
    for (const item of words?.querySelectorAll("[data-value]") ?? []) item.toggleAttribute("data-chosen", item.dataset.value === String(chosen));
  }

  function choose(now) {
    chosen = now;
    show();
    onChange({ value: now });
  }

  /** The next value that way; a value between two of the scale, as a pre-label may have, goes to its neighbour. */
  function step(up) {
    if (chosen === null) return values[Math.floor((values.length - 1) / 2)];
    const beyond = up ? values.find((one) => one > chosen) : values.findLast((one) => one < chosen);
    return beyond ?? chosen;
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const forwards = getComputedStyle(element).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
      choose(step(event.key === forwards));
      return true;
    }
    const named = options.buttons ? digits(values).get(event.key) : undefined;
    if (named === undefined) return false;
    choose(named);
    return true;
  }

  return { set, key: readOnly ? undefined : key, focus: scale.focus };
}

/** The values that a digit chooses: those that are one digit, and ten by 0 where that is free. */
function digits(values) {
  const known = values.filter((value) => Number.isInteger(value) && value >= 0 && value <= 9).map((value) => [String(value), value]);
  return new Map(values.includes(10) && !values.includes(0) ? [...known, ["0", 10]] : known);
}

/** Native radio buttons side by side. */
function buttons({ options: { values, question }, meaning, title, readOnly, choose }) {
  const keys = new Map([...digits(values)].map(([digit, value]) => [value, digit]));
  const name = unique("task-scale");
  const inputs = values.map((value) => {
    const said = { "aria-label": meaning.has(value) ? `${value}, ${meaning.get(value)}` : String(value), dataset: keyed(keys.get(value), meaning.get(value) ?? String(value), question) };
    return h("input", { class: "task-segment__input", type: "radio", name, value, disabled: readOnly, ...said, on: { change: () => choose(value) } });
  });
  const items = inputs.map((input, index) => h("label", { class: "task-segment", title: meaning.get(values[index]) }, input, h("span", { "aria-hidden": "true" }, String(values[index]))));
  const between = h("output", { class: "task-scale__value", hidden: true });
  const group = h("div", { class: "task-scale__buttons", role: "radiogroup", "aria-labelledby": title.id }, items);
  return {
    element: h("div", { class: "task-scale__bar" }, group, between),
    show: (chosen) => {
      inputs.forEach((input, index) => (input.checked = values[index] === chosen));
      between.hidden = chosen === null || values.includes(chosen);
      between.textContent = chosen ?? "";
    },
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
  };
}

/** A native slider that shows no thumb until a value was chosen, and beside it the value as a field. */
function slider({ options: { values }, strings, meaning, title, readOnly, choose }) {
  const [least, most] = [values[0], values.at(-1)];
  const middle = values[Math.floor((values.length - 1) / 2)];
  const limits = { min: least, max: most, disabled: readOnly };
  const near = (number) => values.reduce((best, one) => (Math.abs(one - number) < Math.abs(best - number) ? one : best));
  const take = (input) => input.value !== "" && choose(near(Number(input.value)));
  const pull = { input: () => take(range), click: () => take(range) }; // a click where the thumb waits unseen changes nothing, and means it all the same
  const range = h("input", { class: "task-scale__range", type: "range", step: "any", ...limits, "aria-labelledby": title.id, on: pull });
  const exact = h("input", { class: "form-control task-scale__exact", type: "number", step: "any", ...limits, "aria-label": strings.exactly, placeholder: "–", on: { change: () => take(exact) } });
  range.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!way || readOnly) return;
    const turned = getComputedStyle(range).direction === "rtl" && ["ArrowLeft", "ArrowRight"].includes(event.key) ? -way : way;
    const place = values.indexOf(near(Number(range.value)));
    choose(range.hasAttribute("data-unset") ? middle : values[Math.max(0, Math.min(values.length - 1, place + turned))]);
    event.preventDefault();
  });
  return {
    element: h("div", { class: "task-scale__bar" }, h("span", { "aria-hidden": "true" }, String(least)), range, h("span", { "aria-hidden": "true" }, String(most)), exact),
    show: (chosen) => {
      range.toggleAttribute("data-unset", chosen === null);
      range.value = String(chosen ?? middle);
      range.setAttribute("aria-valuetext", chosen === null ? strings.unset : meaning.has(chosen) ? `${chosen}, ${meaning.get(chosen)}` : String(chosen));
      exact.value = chosen === null ? "" : String(chosen);
    },
    focus: () => range.focus(),
  };
}

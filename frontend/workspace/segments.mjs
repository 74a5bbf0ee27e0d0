// One question with a few answers in a row: native radio buttons dressed as a bar, so that arrows, labels and screen readers just work.

import { h, unique } from "./dom.mjs";

/**
 * segments({ label, options: [{ value, text, title?, key? }], value, readOnly, onChange }) -> { element, set(value), value() }
 * Choosing what is chosen already changes nothing. `labelled` may be an element that names the group instead of `label`.
 */
export function segments({ label, labelled = null, options, value = null, readOnly = false, onChange }) {
  const name = unique("task-segment");
  const inputs = options.map((option) => h("input", { type: "radio", name, value: option.value, disabled: readOnly, class: "task-segment__input", on: { change: () => onChange(option.value) } }));
  const items = options.map((option, index) =>
    h("label", { class: "task-segment", title: option.title }, inputs[index], h("span", { class: "task-segment__text", dir: "auto" }, option.text), option.hint),
  );
  if (labelled && !labelled.id) labelled.id = unique("task-label");
  const element = h("div", { class: "task-segments", role: "radiogroup", "aria-label": labelled ? null : label, "aria-labelledby": labelled?.id }, items);
  const set = (chosen) => inputs.forEach((input, index) => (input.checked = options[index].value === chosen));
  set(value);
  return {
    element,
    set,
    value: () => options.find((_, index) => inputs[index].checked)?.value ?? null,
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
    holds: (target) => element.contains(target),
  };
}

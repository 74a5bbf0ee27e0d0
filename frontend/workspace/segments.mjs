// One question with a few answers in a row: native radio buttons dressed as a bar, so that arrows, labels and screen readers just work.

import { h, keyHint, keyed, unique } from "./dom.mjs";

/**
 * segments({ label, options: [{ value, text, title?, key? }], value, readOnly, onChange }) -> { element, set(value), value(), focus(), holds(target) }
 * `labelled` is an element that names the group, instead of `label`; `key` is shown, pressing it is the caller's business.
 */
export function segments({ label, labelled = null, options, value = null, readOnly = false, onChange }) {
  const name = unique("task-segment");
  const group = label ?? labelled.textContent;
  const inputs = options.map(({ value: own, text, key }) => {
    const on = { change: () => onChange(own) };
    return h("input", { class: "task-segment__input", type: "radio", name, value: own, disabled: readOnly, dataset: keyed(key, text, group), on });
  });
  const items = options.map(({ text, title, key }, index) =>
    h("label", { class: "task-segment", title }, inputs[index], h("span", { class: "task-segment__text", dir: "auto" }, text), keyHint(key)),
  );
  if (labelled && !labelled.id) labelled.id = unique("task-label");
  const named = labelled ? { "aria-labelledby": labelled.id } : { "aria-label": label };
  const element = h("div", { class: "task-segments", role: "radiogroup", ...named }, items);
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

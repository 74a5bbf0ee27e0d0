// Makes elements without a template language: text stays text, so nothing that a stranger wrote can become markup.

/**
 * h("button", { class: "btn", type: "button", on: { click } }, "Text", child)
 * Known properties: class, dataset, on (listeners), html (only for HTML that the server has cleaned); all others are attributes,
 * left out when null or false, empty when true.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "html") element.innerHTML = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An icon of the site's sprite, or nothing where a page does not say where the sprite is. */
export function icon(name) {
  const source = document.getElementById("mk-words")?.dataset.iconsSrc;
  if (!source) return null;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "mk-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${source}#${name}`);
  svg.append(use);
  return svg;
}

/** What the sheet of keys says of an element: the key that presses it, what that does, and among which others it stands. */
export function keyed(key, label, group) {
  return key ? { key, keyLabel: label, keyGroup: group } : {};
}

/** A key as printed on it; style sheets hide it where there is no keyboard. */
export function keyHint(key) {
  return key ? h("kbd", { class: "mk-key task-key", "aria-hidden": "true" }, key.toUpperCase()) : null;
}

/** The words of a form with their places filled: fill("Box {number}", { number: 3 }). */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
}

let count = 0;

/** A name that no other element of the page has. */
export function unique(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

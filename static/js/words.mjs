/* The page's own words and addresses for scripts, from <template id="mk-words">. */

const source = document.getElementById("mk-words");

/** A sentence or address by its camel-case name; empty when the page has none. */
export const word = (name) => source?.dataset[name] ?? "";

/** The language of the page, for Intl. */
export const language = document.documentElement.lang || "en";

/** An icon of the sprite as an element. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "mk-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${word("iconsSrc")}#${name}`);
  svg.append(use);
  return svg;
}

/** An element with a class and children (strings become text). */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The CSRF token that the page carries for htmx. */
export function csrfToken() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] ?? "";
  } catch {
    return "";
  }
}

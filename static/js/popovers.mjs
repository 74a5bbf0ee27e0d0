/* Places popovers beside the button that opened them, and keeps arrow keys inside menus. */

const GAP = 6;
const EDGE = 12;

function place(pop, button) {
  const at = button.getBoundingClientRect();
  const size = pop.getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  const high = document.documentElement.clientHeight;
  const leftward = getComputedStyle(pop).direction === "rtl";
  const start = leftward ? at.right - size.width : at.left;
  const below = at.bottom + GAP + size.height <= high - EDGE || at.top < high - at.bottom;
  const top = below ? at.bottom + GAP : at.top - GAP - size.height;
  pop.style.left = `${Math.max(EDGE, Math.min(start, wide - size.width - EDGE))}px`;
  pop.style.top = `${Math.max(EDGE, Math.min(top, high - size.height - EDGE))}px`;
}

const opener = (pop) => document.querySelector(`[popovertarget="${CSS.escape(pop.id)}"]`);

document.addEventListener("toggle", (event) => {
  const pop = event.target;
  if (!pop.matches?.(".mk-pop[popover]")) return;
  const button = opener(pop);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  if (!open || !button) return;
  place(pop, button);
  if (pop.matches(".mk-menu")) pop.querySelector(".mk-menu__item")?.focus();
}, true);

document.addEventListener("htmx:afterSettle", (event) => {
  const pop = event.target.closest?.(".mk-pop:popover-open");
  if (pop && opener(pop)) place(pop, opener(pop));
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = event.target.closest?.(".mk-menu:popover-open");
  if (!step || !menu || event.target.matches("select, input")) return;
  const items = [...menu.querySelectorAll(".mk-menu__item")];
  const next = (items.indexOf(document.activeElement) + step + items.length) % items.length;
  items[next]?.focus();
  event.preventDefault();
});

addEventListener("resize", () => {
  for (const pop of document.querySelectorAll(".mk-pop:popover-open")) pop.hidePopover();
});

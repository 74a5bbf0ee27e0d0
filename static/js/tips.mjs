/* Tips: the words of data-mk-tip, shown on hover and on focus, in the top layer so that nothing cuts them. */

import { element } from "./words.mjs";

const tip = element("div", "mk-tip");
tip.id = "mk-tip";
tip.setAttribute("role", "tooltip");
tip.setAttribute("popover", "manual");
let owner = null;
let timer = 0;

function show(target) {
  owner = target;
  tip.textContent = target.dataset.mkTip;
  if (!tip.isConnected) document.body.append(tip);
  if (!tip.matches(":popover-open")) tip.showPopover();
  target.setAttribute("aria-describedby", tip.id);
  const at = target.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const middle = at.left + at.width / 2 - size.width / 2;
  const above = at.top - size.height - 6;
  tip.style.left = `${Math.max(8, Math.min(middle, innerWidth - size.width - 8))}px`;
  tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
}

function hide() {
  clearTimeout(timer);
  owner?.removeAttribute("aria-describedby");
  owner = null;
  if (tip.isConnected && tip.matches(":popover-open")) tip.hidePopover();
}

const wants = (event) => event.target.closest?.("[data-mk-tip]");

document.addEventListener("pointerover", (event) => {
  const target = wants(event);
  if (target === owner) return;
  hide();
  if (target) timer = setTimeout(show, 250, target);
});
document.addEventListener("focusin", (event) => { hide(); if (wants(event)) show(wants(event)); });
document.addEventListener("focusout", hide);
document.addEventListener("click", (event) => { const target = wants(event); if (target?.matches(":not(a, button)")) show(target); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
addEventListener("scroll", hide, { capture: true, passive: true });

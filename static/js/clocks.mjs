/* Clocks that run: data-mk-clock="left" counts down to its datetime, "since" counts up. One beat a second for all. */

import { language, word } from "./words.mjs";

const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "narrow" });
const DAY = unit("day");
const HOUR = unit("hour");
const MINUTE = unit("minute");
const pad = (number) => String(number).padStart(2, "0");

/** Seconds as words: days and hours, hours and minutes, minutes; as 4:05 in the last ten minutes. */
export function spell(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 172800) return `${DAY.format(Math.floor(whole / 86400))} ${HOUR.format(Math.floor((whole % 86400) / 3600))}`;
  if (whole >= 3600) return [HOUR.format(Math.floor(whole / 3600)), whole % 3600 >= 60 ? MINUTE.format(Math.floor((whole % 3600) / 60)) : ""].join(" ").trim();
  if (whole >= 600) return MINUTE.format(Math.floor(whole / 60));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}

function level(left, clock) {
  if (left <= 0) return "over";
  if (left <= Number(clock.dataset.urgent)) return "now";
  return left <= Number(clock.dataset.soon) ? "soon" : "";
}

function left(clock, seconds, words) {
  clock.dataset.level = level(seconds, clock);
  words.textContent = seconds > 0 ? spell(seconds) : `${spell(-seconds)} ${word("overdue")}`;
  if (seconds <= 0 && !clock.hasAttribute("data-rung")) {
    clock.dataset.rung = "";
    clock.dispatchEvent(new CustomEvent("mk:time-up", { bubbles: true }));
  }
}

function beat() {
  const now = Date.now() / 1000;
  for (const clock of document.querySelectorAll("[data-mk-clock]")) {
    const at = Date.parse(clock.getAttribute("datetime")) / 1000;
    const words = clock.querySelector("[data-mk-clock-text]");
    if (Number.isNaN(at) || !words) continue;
    if (clock.dataset.mkClock === "since") words.textContent = spell(now - at);
    else left(clock, at - now, words);
  }
}

beat();
setInterval(beat, 1000);
document.addEventListener("htmx:load", beat);

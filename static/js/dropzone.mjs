/* File fields to drop on: names and sizes of what was chosen, and the progress of an upload by htmx. */

import { element, language, word } from "./words.mjs";

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** Bytes as words ("12 MB"). */
export function size(bytes) {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1000)));
  const options = { style: "unit", unit: SIZES[power], unitDisplay: "short", maximumFractionDigits: power > 1 ? 1 : 0 };
  return new Intl.NumberFormat(language, options).format(bytes / 1000 ** power);
}

function list(drop) {
  const files = [...drop.querySelector("input[type=file]").files];
  const lines = files.map((file) => element("li", "", element("span", "", file.name), element("span", "mk-faint", size(file.size))));
  drop.querySelector("[data-mk-drop-files]").replaceChildren(...lines);
}

const zone = (event) => event.target.closest?.("[data-mk-drop]");

document.addEventListener("change", (event) => { if (zone(event) && event.target.type === "file") list(zone(event)); });
for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => zone(event)?.setAttribute("data-over", ""));
for (const name of ["dragleave", "drop"]) document.addEventListener(name, (event) => zone(event)?.removeAttribute("data-over"));

document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector?.("[data-mk-drop-progress]");
  if (!bar || !event.detail.lengthComputable) return;
  const { loaded, total } = event.detail;
  bar.hidden = false;
  bar.querySelector("progress").value = loaded / total;
  bar.querySelector("span").textContent = loaded < total ? `${word("uploading")}: ${size(loaded)} / ${size(total)}` : word("checking");
  if (loaded === total) bar.querySelector("progress").removeAttribute("value");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const bar = event.target.querySelector?.("[data-mk-drop-progress]");
  if (bar) bar.hidden = true;
});

/* data-mk-copy="#id" copies that element's text (or value), data-mk-copy-text its own words. */

import { toast } from "./toasts.mjs";
import { word } from "./words.mjs";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-mk-copy], [data-mk-copy-text]");
  if (!button) return;
  const source = button.dataset.mkCopy ? document.querySelector(button.dataset.mkCopy) : null;
  const text = source ? (source.value ?? source.textContent) : button.dataset.mkCopyText;
  try {
    await navigator.clipboard.writeText(text.trim());
    toast({ text: word("copied"), tone: "good" });
  } catch {
    if (source) getSelection().selectAllChildren(source);
  }
});

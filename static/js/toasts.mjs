/* Short news: those the server wrote, those an answer's HX-Trigger brings ({"toast": {message, kind, note, undo_url}}), those other scripts make. */

import { csrfToken, element, icon, word } from "./words.mjs";

const STAY = 7000;
const TONES = { success: "good", warning: "wait", error: "bad" };
const place = () => document.getElementById("mk-toasts");

/** Show a toast; `link` is {url, label}, `stay` keeps it until dismissed. */
export function toast({ text, tone = "", note = "", undo_url: undoUrl = "", link = null, stay = tone === "bad" }) {
  const made = element("div", `mk-toast${tone ? ` mk-toast--${tone}` : ""}`);
  made.dataset.mkToast = "";
  made.setAttribute("role", tone === "bad" ? "alert" : "status");
  if (stay) made.dataset.stay = "";
  const said = element("div", "mk-toast__text", text);
  if (note) said.append(element("small", "", note));
  const end = element("div", "mk-toast__end");
  if (link) {
    const anchor = element("a", "btn btn-sm", link.label);
    anchor.href = link.url;
    end.append(anchor);
  }
  if (undoUrl) {
    const undo = element("button", "btn btn-ghost btn-sm", word("undo"));
    undo.dataset.mkUndo = undoUrl;
    end.append(undo);
  }
  const close = element("button", "btn btn-ghost btn-icon btn-sm", icon("x"));
  close.dataset.mkDismiss = "";
  close.setAttribute("aria-label", word("dismiss"));
  end.append(close);
  made.append(icon({ good: "check", bad: "warning", wait: "warning" }[tone] ?? "info"), said, end);
  place()?.append(made);
  return made;
}

function leave(node) {
  node.dataset.leaving = "";
  setTimeout(() => node.remove(), 240);
}

function expire(node) {
  if (node.hasAttribute("data-stay")) return;
  let timer = setTimeout(leave, STAY, node);
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("focusin", () => clearTimeout(timer));
  node.addEventListener("pointerleave", () => { timer = setTimeout(leave, STAY, node); });
}

async function undo(button) {
  button.disabled = true;
  const headers = { "X-CSRFToken": csrfToken(), "X-Requested-With": "XMLHttpRequest" };
  const answer = await fetch(button.dataset.mkUndo, { method: "POST", headers }).catch(() => null);
  leave(button.closest("[data-mk-toast]"));
  if (!answer?.ok) return toast({ text: word("undoFailed"), tone: "bad" });
  const undone = new CustomEvent("mk:undone", { detail: { url: button.dataset.mkUndo }, cancelable: true });
  if (document.dispatchEvent(undone)) location.reload();
  else toast({ text: word("undone"), tone: "good" });
}

document.addEventListener("click", (event) => {
  const dismiss = event.target.closest?.("[data-mk-dismiss]");
  if (dismiss) leave(dismiss.closest("[data-mk-toast]"));
  const back = event.target.closest?.("[data-mk-undo]");
  if (back) undo(back);
});
document.addEventListener("toast", (event) => {
  const { message, kind, note, undo_url } = event.detail;
  toast({ text: message, tone: TONES[kind] ?? "", note, undo_url });
});

const shelf = place();
if (shelf) {
  for (const node of shelf.children) expire(node);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) expire(node);
  }).observe(shelf, { childList: true });
}

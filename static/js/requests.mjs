/* What htmx asks and what goes wrong: a thin busy line, refusals as toasts with their reason, a signed-out session. */

import { toast } from "./toasts.mjs";
import { word } from "./words.mjs";

let running = 0;
function busy(step) {
  running = Math.max(0, running + step);
  document.getElementById("mk-busy")?.toggleAttribute("data-on", running > 0);
}

/* Polling is quiet; only what a person asked for shows the line. */
const asked = (event) => !event.detail.elt?.getAttribute?.("hx-trigger")?.startsWith("every");
document.addEventListener("htmx:beforeRequest", (event) => { if (asked(event)) busy(1); });
document.addEventListener("htmx:afterRequest", (event) => { if (asked(event)) busy(-1); });

function signedOut() {
  if (document.querySelector("[data-mk-again]")) return;
  const next = encodeURIComponent(location.pathname + location.search);
  const link = { url: `${word("loginUrl")}?next=${next}`, label: word("signIn") };
  toast({ text: word("signedOut"), tone: "wait", link, stay: true }).dataset.mkAgain = "";
}

function landedOnLogin(xhr) {
  const login = word("loginUrl");
  return Boolean(login && xhr.responseURL && new URL(xhr.responseURL).pathname === login && location.pathname !== login);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!landedOnLogin(event.detail.xhr)) return;
  event.detail.shouldSwap = false;
  signedOut();
});

/* Problems (RFC 9457) say what is wrong; other answers get a general sentence and the request's id. */
function problem(xhr) {
  if (!xhr.getResponseHeader("Content-Type")?.includes("json")) return {};
  try {
    return JSON.parse(xhr.responseText);
  } catch {
    return {};
  }
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) return signedOut();
  if (xhr.getResponseHeader("HX-Trigger")?.includes("toast")) return;
  const said = problem(xhr);
  const id = said.request_id ?? xhr.getResponseHeader("X-Request-ID");
  const plain = xhr.status === 429 ? word("tooMany") : word("failed");
  toast({ text: said.detail ?? said.title ?? plain, tone: "bad", note: id ? `${word("request")} ${id}` : "" });
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  let last = 0;
  document.addEventListener(name, () => {
    if (Date.now() - last > 10000) toast({ text: word("offline"), tone: "wait" });
    last = Date.now();
  });
}

/* The workspace page: an honest timer, drafts that save themselves, one key to submit and go on. The task's own interface is in workspace.js. */

import { spell } from "./clocks.mjs";
import { toast } from "./toasts.mjs";
import { csrfToken, word } from "./words.mjs";

const BEAT = 15_000;
const QUIET = 60_000;
const SAVE_AFTER = 1_200;

const page = document.querySelector("[data-mk-workspace]");
if (page) start(page);

function start(page) {
  const root = page.querySelector("[data-task-root]");
  const button = page.querySelector("[data-mk-submit]");
  const saved = page.querySelector("[data-mk-saved]");
  const active = document.querySelector("[data-mk-active]");
  let answer = null;
  let ready = false;
  let sending = false;
  let saveTimer = 0;
  let lastInput = Date.now();
  let activeMs = Number(active.dataset.mkActive);
  let shownSince = Date.now();

  const send = (url, body) => fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    body: JSON.stringify(body),
  });

  /* The timer shows what the server has counted, and what has come since while somebody is at work. */
  const showTime = () => {
    const working = Date.now() - lastInput < QUIET && !("paused" in page.dataset);
    const since = working ? Math.min(Date.now() - shownSince, 30_000) : 0;
    active.textContent = spell((activeMs + since) / 1000);
  };
  showTime();
  setInterval(showTime, 1000);

  if ("paused" in page.dataset) return;

  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart", "scroll"]) {
    document.addEventListener(kind, () => { lastInput = Date.now(); }, { passive: true, capture: true });
  }

  async function beat() {
    if (sending) return;
    const input = Date.now() - lastInput < QUIET && document.visibilityState === "visible";
    const reply = await send(page.dataset.beat, { input }).catch(() => null);
    if (!reply) return;
    if (reply.status === 409) return over();
    if (!reply.ok) return;
    const { expires_at: expires, active_ms: counted } = await reply.json();
    activeMs = counted;
    shownSince = Date.now();
    document.querySelector(".mk-work__time [data-mk-clock]")?.setAttribute("datetime", expires);
  }
  const beating = setInterval(beat, BEAT);

  function over() {
    clearInterval(beating);
    toast({ text: page.dataset.wordOver, tone: "wait", stay: true, link: { url: page.dataset.home, label: "→" } });
  }

  async function save() {
    if (page.dataset.kind === "review" || answer === null) return;
    saved.textContent = page.dataset.wordSaving;
    const reply = await send(page.dataset.draft, { answer }).catch(() => null);
    saved.textContent = reply?.ok ? page.dataset.wordSaved : page.dataset.wordUnsaved;
  }

  const verdict = page.querySelector("[data-mk-verdict]");
  function readVerdict() {
    const given = Object.fromEntries(new FormData(verdict));
    if (!given.decision) return null;
    if (given.decision === "accept") return { decision: "accept" };
    return given.clause.trim() ? given : null;
  }

  root?.addEventListener("task:ready", (event) => {
    ready = true;
    answer = event.detail.answer;
    button.disabled = verdict ? readVerdict() === null : false;
  });
  root?.addEventListener("task:failed", () => toast({ text: page.dataset.wordFailed, tone: "bad" }));
  root?.addEventListener("task:change", (event) => {
    answer = event.detail.answer;
    clearTimeout(saveTimer);
    saveTimer = setTimeout(save, SAVE_AFTER);
  });
  verdict?.addEventListener("input", () => {
    const decision = new FormData(verdict).get("decision");
    verdict.querySelector("[data-mk-reasons]").hidden = !decision || decision === "accept";
    button.disabled = readVerdict() === null;
  });
  verdict?.addEventListener("submit", (event) => event.preventDefault());

  async function submit() {
    if (sending || !ready) return;
    if (!verdict && !root.task.validate()) return;
    sending = true;
    button.disabled = true;
    clearTimeout(saveTimer);
    const body = { answer: verdict ? readVerdict() : root.task.value(), then: page.querySelector("[data-mk-stay]").checked ? "home" : "next" };
    const reply = await send(page.dataset.submit, body).catch(() => null);
    if (reply?.ok) {
      location.assign((await reply.json()).next);
      return;
    }
    sending = false;
    button.disabled = false;
    const said = reply ? await reply.text() : "";
    toast({ text: said && said.length < 400 ? said : word("offline"), tone: "bad" });
  }
  button.addEventListener("click", submit);

  addEventListener("pagehide", () => {
    if (sending || page.dataset.kind === "review" || answer === null) return;
    fetch(page.dataset.draft, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() }, body: JSON.stringify({ answer }) });
  });

  /* The guideline: on small screens it lies over the task; the field marks what it finds. */
  const opener = page.querySelector("[data-mk-guide]");
  opener?.addEventListener("click", () => opener.setAttribute("aria-expanded", String(page.toggleAttribute("data-guide"))));
  page.querySelector("[data-mk-find]")?.addEventListener("input", (event) => find(event.target));
}

function find(field) {
  const text = document.querySelector(field.dataset.mkFind);
  for (const mark of text.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
  text.normalize();
  const wanted = field.value.trim().toLowerCase();
  if (wanted.length < 2) return;
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const hits = [];
  while (walker.nextNode()) if (walker.currentNode.data.toLowerCase().includes(wanted)) hits.push(walker.currentNode);
  for (const node of hits) {
    const range = document.createRange();
    const at = node.data.toLowerCase().indexOf(wanted);
    range.setStart(node, at);
    range.setEnd(node, at + wanted.length);
    range.surroundContents(document.createElement("mark"));
  }
  text.querySelector("mark")?.scrollIntoView({ block: "center" });
}

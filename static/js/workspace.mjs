/* The workspace page: an honest timer, drafts that save themselves, one key to submit and go on. The task's own interface is in workspace.js. */

import { caps } from "./keys.mjs";
import { spell } from "./clocks.mjs";
import { toast } from "./toasts.mjs";
import { csrfToken, word } from "./words.mjs";

const BEAT = 15_000;
const QUIET = 60_000;
const SAVE_AFTER = 1_200;
const SAVE_AGAIN = 5_000;
const PATIENCE = 20_000;

const page = document.querySelector("[data-mk-workspace]");
if (page) start(page);

function start(page) {
  const root = page.querySelector("[data-task-root]");
  const button = page.querySelector("[data-mk-submit]");
  const verdict = page.querySelector("[data-mk-verdict]");
  const timer = clock(page);
  if ("paused" in page.dataset) return;

  const drafts = verdict ? keepVerdict(verdict, page.dataset.lease) : keepDrafts(page);
  let ready = false;
  let sending = false;

  const signs = watch(root, "signs" in page.dataset);
  const beating = setInterval(beat, BEAT);
  document.addEventListener("mk:time-up", beat);
  if (timer.isOver()) beat();

  async function beat() {
    if (sending) return;
    const reply = await send(page.dataset.beat, { input: timer.atWork() });
    if (reply.status === 409) return late();
    if (reply.ok) timer.counted(reply.body);
  }

  /** The time is over: what is there can still be handed in while nobody else has the task. */
  function late() {
    clearInterval(beating);
    page.dataset.late = "";
    page.querySelector("[data-mk-late]").hidden = false;
    drafts.save();
  }

  const fix = page.querySelector("[data-mk-fix]");
  const corrected = () => fix?.querySelector("[data-task-root]")?.task?.value();
  const complete = () => (verdict ? readVerdict(verdict, corrected) !== null : true);
  const allow = () => { button.disabled = sending || !ready || !complete(); };

  root.addEventListener("task:ready", (event) => {
    ready = true;
    drafts.begin(event.detail.answer);
    plainEnter(root, button, Boolean(verdict));
    allow();
  });
  root.addEventListener("task:failed", () => toast({ text: page.dataset.wordFailed, tone: "bad" }));
  root.addEventListener("task:change", (event) => {
    say("");
    drafts.changed(event.detail.answer);
  });
  verdict?.addEventListener("input", () => {
    if (fix) toFix(verdict.elements.decision.value === "fix");
    allow();
  });
  fix?.addEventListener("task:change", allow);

  /** While an answer is corrected, plain digits are the task's own keys; the verdict listens to Alt and the digit. */
  function toFix(on) {
    fix.hidden = !on;
    for (const radio of verdict.elements.decision) radio.dataset.key = radio.dataset.key.replace(/^(alt\+)?/, on ? "alt+" : "");
  }
  verdict?.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  /** What is wrong, in one line above the buttons. */
  function say(text) {
    const line = page.querySelector("[data-mk-problem]");
    line.hidden = !text;
    line.textContent = text;
  }

  async function submit() {
    if (sending || !ready || !complete()) return;
    if (!verdict && !root.task.validate()) return;
    sending = true;
    allow();
    say("");
    button.setAttribute("aria-busy", "true");
    drafts.stop();
    const answer = verdict ? readVerdict(verdict, corrected) : root.task.value();
    const then = page.querySelector("[data-mk-stay]").checked ? "home" : "next";
    const reply = await send(page.dataset.submit, { answer, then, signs: signs.counted() });
    if (reply.ok) return leave(reply.body.next);
    sending = false;
    button.removeAttribute("aria-busy");
    allow();
    refused(reply);
  }
  button.addEventListener("click", submit);

  function refused(reply) {
    if (reply.status === 0) say(page.dataset.wordUnsent);
    else if (reply.status === 401) signedOut();
    else if (reply.body?.code === "already_submitted") leave(page.dataset.home);
    else if (reply.status === 409) over(reply.body?.code === "lease_expired" ? "" : reply.body?.detail);
    else say(reply.body?.detail ?? word("failed"));
  }

  /** Somebody else has the task: the page says so, and where to go on. */
  function over(why) {
    clearInterval(beating);
    drafts.forget();
    const said = document.querySelector("[data-mk-over]").content.cloneNode(true);
    if (why) said.querySelector("[data-mk-why]").textContent = why;
    page.className = "mk-work__over";
    page.replaceChildren(said);
    page.querySelector("[role=alert]").focus();
  }

  function leave(url) {
    drafts.forget();
    location.assign(url);
  }
}

/** Posts JSON; the answer is {ok, status, body}, with status 0 when nobody answered. */
async function send(url, body, { keepalive = false } = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), "HX-Request": "true" };
  const signal = keepalive ? undefined : AbortSignal.timeout(PATIENCE);
  const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), keepalive, signal }).catch(() => null);
  if (!reply) return { ok: false, status: 0, body: null };
  const json = reply.headers.get("Content-Type")?.includes("json");
  return { ok: reply.ok, status: reply.status, body: json ? await reply.json().catch(() => null) : null };
}

function signedOut() {
  const next = encodeURIComponent(location.pathname);
  toast({ text: word("signedOut"), tone: "wait", stay: true, link: { url: `${word("loginUrl")}?next=${next}`, label: word("signIn") } });
}

/** The timer shows what the server has counted, and what has come since while somebody is at work. */
function clock(page) {
  const shown = document.querySelector("[data-mk-active]");
  const [working, idle] = ["working", "idle"].map((name) => document.querySelector(`[data-mk-${name}]`));
  let active = Number(shown.dataset.mkActive);
  let since = Date.now();
  let lastInput = Date.now();

  const atWork = () => Date.now() - lastInput < QUIET && document.visibilityState === "visible";
  const show = () => {
    const counting = atWork() && !("paused" in page.dataset);
    shown.textContent = spell((active + (counting ? Math.min(Date.now() - since, 30_000) : 0)) / 1000);
    working.hidden = !counting;
    idle.hidden = counting;
  };
  show();
  setInterval(show, 1000);
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart", "scroll"]) {
    document.addEventListener(kind, () => { lastInput = Date.now(); }, { passive: true, capture: true });
  }
  const left = document.querySelector(".mk-work__time [data-mk-clock]");
  return {
    atWork,
    isOver: () => left !== null && Date.parse(left.getAttribute("datetime")) <= Date.now(),
    counted({ expires_at: expires, active_ms: ms }) {
      [active, since] = [ms, Date.now()];
      left?.setAttribute("datetime", expires);
    },
  };
}

/** Where the terms forbid AI tools: how many characters were typed and pasted, never which. The page does not ask for it where an
    answer was begun before it was loaded, or came with the task: those characters were not counted here. */
function watch(root, wanted) {
  const counts = { typed: 0, pasted: 0, pastes: 0, away_ms: 0 };
  let left = 0;
  if (wanted) {
    root.addEventListener("beforeinput", (event) => {
      if (event.inputType === "insertFromPaste" || event.inputType === "insertFromDrop") return;
      if (event.inputType.startsWith("insert")) counts.typed += Math.max(event.data?.length ?? 1, 1);
    }, { capture: true });
    for (const [kind, from] of [["paste", "clipboardData"], ["drop", "dataTransfer"]]) {
      root.addEventListener(kind, (event) => {
        counts.pastes += 1;
        counts.pasted += event[from]?.getData("text/plain").length ?? 0;
      }, { capture: true });
    }
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") left = Date.now();
      else if (left) counts.away_ms += Date.now() - left;
    });
  }
  return { counted: () => (wanted ? counts : undefined) };
}

/** Drafts of an answer: saved a moment after each change, tried again while there is no connection, and when the page is left. */
function keepDrafts(page) {
  const place = page.querySelector("[data-mk-saved]");
  let answer = null;
  let unsaved = false;
  let timer = 0;

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };
  async function save() {
    if (!unsaved) return;
    unsaved = false;
    place.textContent = page.dataset.wordSaving;
    const reply = await send(page.dataset.draft, { answer });
    place.toggleAttribute("data-lost", !reply.ok);
    place.textContent = reply.ok ? page.dataset.wordSaved : reply.status === 0 ? page.dataset.wordLost : "";
    if (reply.status === 401) signedOut();
    if (reply.status === 0) {
      unsaved = true;
      later(SAVE_AGAIN);
    }
  }
  addEventListener("online", save);
  addEventListener("pagehide", () => {
    if (unsaved) send(page.dataset.draft, { answer }, { keepalive: true });
  });
  addEventListener("beforeunload", (event) => {
    if (place.hasAttribute("data-lost") && unsaved) event.preventDefault();
  });
  return {
    begin: (given) => { answer = given; },
    changed: (given) => {
      answer = given;
      unsaved = true;
      later(SAVE_AFTER);
    },
    save,
    stop: () => clearTimeout(timer),
    forget: () => { unsaved = false; },
  };
}

/** A verdict that is not handed in yet survives a reload in this tab. */
function keepVerdict(form, lease) {
  const key = `mk-verdict:${lease}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}");
  for (const [name, value] of Object.entries(kept)) {
    const field = form.elements.namedItem(name);
    if (field) field.value = value;
  }
  form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(new FormData(form)))));
  const nothing = () => {};
  return { begin: nothing, changed: nothing, save: nothing, stop: nothing, forget: () => sessionStorage.removeItem(key) };
}

/** The verdict as the server takes it; null while something is missing. */
function readVerdict(form, corrected) {
  const { decision, reason, clause, comment, share } = Object.fromEntries(new FormData(form));
  if (!decision || decision === "accept") return decision ? { decision } : null;
  if (!clause.trim() || (decision === "send_back" && !comment.trim())) return null;
  const cut = Math.round(Number(share) * 100);
  if (decision === "accept_share" && !(cut > 0 && cut < 10_000)) return null;
  if (decision === "fix") {
    const answer = corrected();
    return cut >= 5_000 && cut < 10_000 && answer ? { decision, reason, clause, comment, share_bp: cut, corrected: answer } : null;
  }
  return { decision, reason, clause, comment, ...(decision === "accept_share" && { share_bp: cut }) };
}

/** Plain Enter submits too, where a task has no tool of its own that could want the key. */
function plainEnter(root, button, reviewing) {
  const tools = root.querySelector(".task-widget:not(.task-widget--task_content)");
  if (tools && !reviewing) return;
  button.dataset.key = "enter,mod+enter";
  button.querySelector("[data-mk-combo]")?.replaceChildren(...caps("enter"));
}

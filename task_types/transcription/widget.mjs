// A transcript: the recording as a wave, below it the segments, each with its times, perhaps who speaks, and what is said.
//
// Keys work while one writes: Ctrl+Space plays and pauses, Alt+J and Alt+L go three seconds back and on. In a segment Enter ends it where
// the recording stands and goes to the next one, or begins it; Alt+arrow up and down go from segment to segment. Outside of fields Space
// plays and pauses, too. Tab goes through everything in order.

import { fill, h, icon, keyed } from "task-ui/dom.mjs";

import { player } from "./player.mjs";

export const type = "transcription";
export const parts = ["segments", "none"];

const STEPS = { KeyJ: -1, KeyL: 1 };
const SHORTEST = 0.1; // seconds that a segment has at least when it is made

export function fault(value, { options, strings, survey }) {
  const segments = value?.segments ?? [];
  if (!segments.length) return value?.none ? null : options.allowNone ? strings.missing : strings.missing_strict;
  const ends = new Map();
  for (const [index, { start, end, speaker, text }] of segments.entries()) {
    const say = (sentence) => fill(sentence, { number: index + 1 });
    if (!text.trim()) return say(strings.no_text);
    if (!(end > start)) return say(strings.no_length);
    if (survey.payload.speakers.length && !speaker) return say(strings.no_speaker);
    if (start < (ends.get(speaker) ?? 0)) return say(strings.overlap);
    ends.set(speaker, end);
  }
  return null;
}

export function mount(element, { options, strings, payload, value, readOnly, onChange }) {
  const { speakers, language } = payload;
  let segments = [];
  let none = false;
  let chosen = -1;
  let rows = [];

  const sound = player({ src: payload.audio, strings, onReady: mark });
  const list = h("ol", { class: "task-lines" });
  const newButton = h("button", { class: "btn btn-sm", type: "button", dataset: keyed("n", strings.new, options.question), on: { click: () => add() } }, icon("plus") ?? "+", strings.new);
  const noneBox = h("input", { type: "checkbox", disabled: readOnly, on: { change: () => ((none = noneBox.checked), tell(), show()) } });
  const noneRow = h("label", { class: "mk-choice task-none" }, noneBox, h("span", { class: "mk-choice__name" }, strings.none));
  const title = h("h3", { class: "task-transcript__title", dir: "auto" }, options.question);
  element.append(h("section", { class: "task-transcript" }, title, sound.element, list, h("div", { class: "task-transcript__foot" }, readOnly ? null : newButton, noneRow)));
  element.addEventListener("keydown", hear);
  set(value);
  if (none && !readOnly) onChange(answer(), { quiet: true });

  function set(given) {
    segments = (given?.segments ?? []).map((segment) => ({ ...segment }));
    none = given?.segments?.length === 0;
    chosen = -1;
    show();
  }

  function answer() {
    if (!segments.length) return none ? { segments: [], none: true } : null;
    return { segments: segments.map((segment) => ({ ...segment })) };
  }

  function tell() {
    mark();
    onChange(answer());
  }

  function mark() {
    sound.mark(segments.map(({ start, end }, index) => ({ start, end, chosen: index === chosen })));
    rows.forEach((row, index) => row.element.toggleAttribute("data-chosen", index === chosen));
  }

  function show() {
    rows = segments.map(line);
    const hint = h("li", { class: "task-lines__empty" }, strings.empty);
    list.replaceChildren(...(rows.length || readOnly ? rows.map((row) => row.element) : [hint]));
    noneBox.checked = none;
    noneRow.hidden = !options.allowNone || segments.length > 0 || (readOnly && !none);
    mark();
  }

  /** One segment as a row; its fields write straight into it, and the list is only made anew when segments come, go or change places. */
  function line(segment, index) {
    const named = (sentence) => fill(sentence, { number: index + 1 });
    const changed = (part, now) => ((segment[part] = now), tell());
    const seconds = (part, name) => {
      const change = () => Number.isFinite(field.valueAsNumber) ? (changed(part, Math.round(field.valueAsNumber * 1000) / 1000), ordered()) : (field.value = segment[part]);
      const field = h("input", { class: "form-control form-control-sm task-line__time", type: "number", min: 0, step: 0.1, value: segment[part], readonly: readOnly, "aria-label": name, on: { change } });
      return field;
    };
    const start = seconds("start", named(strings.start));
    const end = seconds("end", named(strings.end));
    const who = speakers.length
      ? h("select", { class: "form-select form-select-sm task-line__who", disabled: readOnly, "aria-label": named(strings.speaker), on: { change: () => changed("speaker", who.value || undefined) } }, h("option", { value: "" }, strings.who), speakers.map((name) => h("option", { value: name, selected: name === segment.speaker }, name)))
      : null;
    const text = h("textarea", { class: "form-control task-line__text", rows: 1, dir: "auto", lang: language, spellcheck: true, maxlength: options.longest, readonly: readOnly, "aria-label": named(strings.text), on: { input: () => changed("text", text.value) } });
    text.value = segment.text;
    const hearing = h("button", { class: "btn btn-sm btn-icon btn-ghost", type: "button", title: named(strings.hear), "aria-label": named(strings.hear), on: { click: () => sound.play(segment.start, segment.end) } }, icon("play") ?? "▶");
    const removing = readOnly ? null : h("button", { class: "btn btn-sm btn-icon btn-ghost", type: "button", title: named(strings.delete), "aria-label": named(strings.delete), on: { click: () => drop(segment) } }, icon("trash") ?? "×");
    const times = h("span", { class: "task-line__times" }, start, h("span", { "aria-hidden": "true" }, "–"), end);
    const item = h("li", { class: "task-line", "aria-label": named(strings.segment), on: { focusin: () => pick(segment) } }, h("div", { class: "task-line__head" }, hearing, times, who, removing), text);
    return { element: item, text, end };
  }

  function pick(segment) {
    chosen = segments.indexOf(segment);
    mark();
  }

  /** Puts the segments in the order of their starts, with the focus where it was. */
  function ordered() {
    const sorted = [...segments].sort((a, b) => a.start - b.start || a.end - b.end);
    if (sorted.every((segment, index) => segment === segments[index])) return;
    const kept = segments[chosen];
    segments = sorted;
    show();
    pick(kept);
    rows[chosen]?.text.focus();
    tell();
  }

  /** A segment that begins where the recording stands, or at the end of the one before it, and lasts to the next or to the end. */
  function add(from = sound.now()) {
    if (readOnly || segments.length >= options.most) return;
    const speaker = segments[chosen]?.speaker ?? segments.at(-1)?.speaker;
    const inside = segments.find((one) => one.start <= from && from < one.end);
    const start = inside?.end ?? from;
    const next = segments.find((one) => one.start >= start);
    const end = Math.max(next?.start ?? Math.round(sound.duration() * 1000) / 1000, start + SHORTEST);
    const made = { start, end, ...(speaker && speakers.includes(speaker) && { speaker }), text: "" };
    segments = [...segments, made].sort((a, b) => a.start - b.start || a.end - b.end);
    none = false;
    show();
    rows[segments.indexOf(made)].text.focus();
    tell();
  }

  function drop(segment) {
    const index = segments.indexOf(segment);
    segments = segments.filter((one) => one !== segment);
    chosen = Math.min(index, segments.length - 1);
    show();
    (rows[chosen]?.text ?? newButton).focus();
    tell();
  }

  /** Enter: this segment ends here, if the recording stands within it, and the next one begins. */
  function close() {
    const segment = segments[chosen];
    if (!segment) return;
    const now = sound.now();
    if (now >= segment.start + SHORTEST && now < segment.end) {
      segment.end = now;
      rows[chosen].end.value = String(now);
      tell();
    }
    const next = rows[chosen + 1];
    const full = segment.end >= Math.round(sound.duration() * 1000) / 1000 - SHORTEST;
    if (next && segments[chosen + 1].start - segment.end < SHORTEST) next.text.focus();
    else if (!full) add(segment.end);
    else next?.text.focus();
  }

  /** Keys that also work while somebody writes. */
  function hear(event) {
    const modified = event.ctrlKey || event.metaKey;
    if (event.isComposing) return;
    if (modified && event.code === "Space") sound.toggle();
    else if (event.altKey && event.code in STEPS) sound.step(STEPS[event.code]);
    else if (event.key === "Enter" && !modified && !event.altKey && event.target.matches(".task-line__text")) readOnly || close();
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) rows[chosen + (event.key === "ArrowUp" ? -1 : 1)]?.text.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Keys where nobody writes; those above reach the task also when the focus is elsewhere on the page. */
  function key(event) {
    const modified = event.ctrlKey || event.metaKey;
    if (modified && event.code === "Space") return sound.toggle(), true;
    if (event.altKey && event.code in STEPS) return sound.step(STEPS[event.code]), true;
    if (modified || event.altKey) return false;
    if (event.key === " " && !event.target.closest?.("button, a, summary, label, input")) return sound.toggle(), true;
    return event.key.toLowerCase() === "n" ? (add(), true) : false;
  }

  return { set, key: readOnly ? undefined : key, focus: () => (rows.find((row) => !row.text.value.trim())?.text ?? newButton).focus(), destroy: sound.destroy };
}

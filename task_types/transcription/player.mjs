// A recording that is played, sought in and seen as a wave. Knows nothing of what is written about it.
//
// The recording is fetched once: the same bytes are played (as a blob, so that seeking works whatever the server can do) and drawn.

import { h, icon } from "task-ui/dom.mjs";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const STEP = 3; // seconds back or on
const DRAWN_RATE = 8000; // samples a second that the wave is drawn from
const NOT_THERE_YET = "data:"; // the page's way to say that the recording was not brought in yet

/** Seconds as 1:05.3. */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}

/**
 * player({ src, strings, onReady(duration), onTime(seconds) })
 *   -> { element, toggle(), seek(seconds), step(direction), play(from, to), now(), duration(), mark(spans), focus(), destroy() }
 * `mark` draws [{ start, end, chosen }] over the wave.
 */
export function player({ src, strings, onReady = () => {}, onTime = () => {} }) {
  const audio = h("audio", { preload: "auto" });
  const canvas = h("canvas", { class: "task-wave__canvas", "aria-hidden": "true" });
  const marks = h("div", { class: "task-wave__marks", "aria-hidden": "true" });
  const head = h("div", { class: "task-wave__head", "aria-hidden": "true" });
  const wave = h("div", { class: "task-wave", dir: "ltr" }, canvas, marks, head);
  const position = h("input", { class: "task-wave__position", type: "range", min: 0, max: 1, step: 0.1, value: 0, "aria-label": strings.position });
  const time = h("span", { class: "task-player__time", "aria-hidden": "true" }, clock(0));
  const button = (name, sign, click, key) =>
    h("button", { class: "btn btn-sm btn-icon", type: "button", title: name, "aria-label": name, dataset: key ? { key, keyLabel: name, keyGroup: strings.position } : {}, on: { click } }, sign);
  const playing = button(strings.play, icon("play") ?? "▶", toggle, "mod+space");
  const speed = h("select", { class: "form-select form-select-sm task-player__speed", "aria-label": strings.speed, on: { change: () => (audio.playbackRate = Number(speed.value)) } }, SPEEDS.map((one) => h("option", { value: one, selected: one === 1 }, `${one}×`)));
  const tools = h("div", { class: "task-player__tools" }, playing, button(strings.back, "−3", () => step(-1), "alt+j"), button(strings.on, "+3", () => step(1), "alt+l"), time, speed);
  const body = h("div", { class: "task-player__body" }, wave, position, tools);
  const retry = h("button", { class: "btn btn-sm", type: "button", on: { click: load } }, strings.retry);
  const failed = h("div", { class: "task-failed", role: "alert", hidden: true }, strings.failed, " ", retry);
  const element = h("div", { class: "task-player" }, body, failed);
  let address = null;
  let peaks = null;
  let until = null;
  let length = 0;

  audio.addEventListener("loadedmetadata", () => measured(audio.duration));
  audio.addEventListener("error", () => fail(true));
  audio.addEventListener("timeupdate", moved);
  for (const kind of ["play", "pause"]) audio.addEventListener(kind, showPlaying);
  position.addEventListener("input", () => seek(Number(position.value)));
  wave.addEventListener("pointerdown", (event) => {
    scrub(event);
    wave.setPointerCapture(event.pointerId);
  });
  wave.addEventListener("pointermove", (event) => event.buttons === 1 && scrub(event));
  const watcher = new ResizeObserver(draw);
  watcher.observe(wave);
  load();

  async function load() {
    fail(false);
    try {
      if (src.startsWith(NOT_THERE_YET)) throw new Error("not there yet");
      const answer = await fetch(src);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const content = await answer.blob();
      address = URL.createObjectURL(content);
      audio.src = address;
      await look(content);
    } catch {
      fail(true);
    }
  }

  /** The loudest sample of each hundredth of a second; a recording that cannot be looked at may still be heard. */
  async function look(content) {
    try {
      const sound = await new OfflineAudioContext(1, 1, DRAWN_RATE).decodeAudioData(await content.arrayBuffer());
      const samples = sound.getChannelData(0);
      const size = DRAWN_RATE / 100;
      peaks = Float32Array.from({ length: Math.ceil(samples.length / size) }, (_, place) => samples.subarray(place * size, (place + 1) * size).reduce((most, one) => Math.max(most, Math.abs(one)), 0));
      measured(sound.duration);
    } catch {
      peaks = null;
    }
    draw();
  }

  function measured(seconds) {
    if (!Number.isFinite(seconds) || seconds === length) return;
    length = seconds;
    position.max = String(length);
    moved();
    onReady(length);
  }

  function fail(now) {
    failed.hidden = !now;
    body.hidden = now;
  }

  function draw() {
    const [width, height] = [wave.clientWidth, wave.clientHeight].map((side) => Math.round(side * devicePixelRatio));
    Object.assign(canvas, { width, height });
    if (!peaks?.length || !width) return;
    const pen = canvas.getContext("2d");
    const loudest = peaks.reduce((most, one) => Math.max(most, one), 0.01);
    pen.fillStyle = getComputedStyle(canvas).color;
    const bar = Math.max(1, Math.round(devicePixelRatio));
    for (let x = 0; x < width; x += 2 * bar) {
      const [from, to] = [x, x + 2 * bar].map((at) => Math.floor((at / width) * peaks.length));
      const loud = peaks.subarray(from, Math.max(to, from + 1)).reduce((most, one) => Math.max(most, one), 0) / loudest;
      pen.fillRect(x, (height * (1 - loud)) / 2, bar, Math.max(bar, height * loud));
    }
  }

  function scrub(event) {
    const edges = wave.getBoundingClientRect();
    seek(((event.clientX - edges.left) / edges.width) * length);
  }

  function moved() {
    if (until !== null && audio.currentTime >= until) {
      until = null;
      audio.pause();
    }
    position.value = String(audio.currentTime);
    position.setAttribute("aria-valuetext", clock(audio.currentTime));
    head.style.left = `${length ? (audio.currentTime / length) * 100 : 0}%`;
    time.textContent = `${clock(audio.currentTime)} / ${clock(length)}`;
    onTime(audio.currentTime);
  }

  function showPlaying() {
    const name = audio.paused ? strings.play : strings.pause;
    playing.replaceChildren(icon(audio.paused ? "play" : "pause") ?? (audio.paused ? "▶" : "❚❚"));
    for (const said of ["title", "aria-label"]) playing.setAttribute(said, name);
  }

  function toggle() {
    until = null;
    if (audio.paused) start();
    else audio.pause();
  }

  function start() {
    audio.play().catch((error) => error.name === "AbortError" || fail(true)); // a pause right after a start is no fault
  }

  function seek(seconds) {
    until = null;
    audio.currentTime = Math.max(0, Math.min(length, seconds));
    moved();
  }

  function step(direction) {
    seek(audio.currentTime + direction * STEP);
  }

  return {
    element,
    toggle,
    seek,
    step,
    play: (from, to) => {
      seek(from);
      until = to;
      start();
    },
    now: () => Math.round(audio.currentTime * 1000) / 1000,
    duration: () => length,
    mark: (spans) => {
      marks.replaceChildren(
        ...(length ? spans : []).map(({ start: from, end: to, chosen }) => {
          const span = h("div", { class: "task-wave__mark", "data-chosen": chosen });
          span.style.left = `${(from / length) * 100}%`;
          span.style.width = `${(Math.max(0, to - from) / length) * 100}%`;
          return span;
        }),
      );
    },
    focus: () => playing.focus(),
    destroy: () => {
      watcher.disconnect();
      audio.pause();
      if (address) URL.revokeObjectURL(address);
    },
  };
}

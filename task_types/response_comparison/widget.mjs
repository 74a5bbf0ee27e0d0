// Responses beside each other, each with its ratings, and below them the choice between them: a preference or a ranking.
//
// Keys: 1 to 8 prefer that response and 0 says "about the same" (prefer); R goes to the first rating or place that is missing, where a
// digit answers and moves on to the next.

import { h, unique } from "task-ui/dom.mjs";
import { segments } from "task-ui/segments.mjs";

export const type = "response_comparison";
export const parts = ["preference", "ranking", "ratings", "order"];

const TIE = "tie";

export function fault(value, { options, strings, survey }) {
  const responses = survey.payload.responses;
  const rated = responses.every(({ id }) => options.criteria.every(({ name }) => value?.ratings?.[id]?.[name]));
  if (!rated) return strings.missing_ratings;
  if (options.mode === "prefer" && !value?.preference) return strings.missing_preference;
  if (options.mode !== "rank") return null;
  return (value?.ranking ?? []).flat().length < responses.length ? strings.missing_ranking : null;
}

export function mount(element, { options, strings, payload, value, readOnly, onChange }) {
  const { mode, criteria, ties } = options;
  const { turns, responses } = payload;
  const state = { preference: null, places: {}, ratings: {} };
  const groups = []; // every row of radio buttons that wants an answer, in reading order
  const showers = []; // called whenever the state has changed

  const changed = () => {
    for (const show of showers) show();
    onChange(answer());
  };

  function answer() {
    const given = { order: responses.map(({ id }) => id) };
    if (mode === "prefer" && state.preference) given.preference = state.preference;
    if (mode === "rank" && Object.keys(state.places).length) given.ranking = ranking(state.places);
    if (Object.keys(state.ratings).length) given.ratings = structuredClone(state.ratings);
    return given;
  }

  function set(given) {
    state.preference = given?.preference ?? null;
    state.places = Object.fromEntries((given?.ranking ?? []).flatMap((group, place) => group.map((id) => [id, place])));
    state.ratings = structuredClone(given?.ratings ?? {});
    for (const show of showers) show();
  }

  function rating(response, criterion, title) {
    const name = h("span", { class: "task-rating__name", id: unique("task-rating"), dir: "auto" }, criterion.label);
    const bar = segments({
      labelled: name,
      options: Array.from({ length: criterion.scale }, (_, index) => ({ value: index + 1, text: String(index + 1) })),
      readOnly,
      onChange: (chosen) => {
        state.ratings[response.id] = { ...state.ratings[response.id], [criterion.name]: chosen };
        changed();
      },
    });
    bar.element.setAttribute("aria-labelledby", `${title.id} ${name.id}`);
    showers.push(() => bar.set(state.ratings[response.id]?.[criterion.name] ?? null));
    groups.push(bar);
    const words = [criterion.low, criterion.high].map((end) => h("span", { dir: "auto" }, end));
    const ends = (criterion.low || criterion.high) && h("div", { class: "task-rating__ends", "aria-hidden": "true" }, words);
    const note = criterion.description && h("div", { class: "task-rating__note", dir: "auto" }, criterion.description);
    return h("div", { class: "task-rating" }, h("div", { class: "task-rating__head" }, name, note), h("div", { class: "task-rating__bar" }, bar.element, ends));
  }

  function card(response) {
    const title = h("h3", { class: "task-response__title", id: unique("task-response") }, response.title);
    const mark = h("span", { class: "task-response__mark", hidden: true }, strings.preferred);
    const body = foldable(prose(response, "task-response__text"), strings);
    const ratings = criteria.length ? h("div", { class: "task-response__ratings" }, criteria.map((criterion) => rating(response, criterion, title))) : null;
    const article = h("article", { class: "task-response", "aria-labelledby": title.id }, h("header", { class: "task-response__head" }, title, mark), body, ratings);
    showers.push(() => {
      const best = mode === "prefer" ? state.preference === response.id : state.places[response.id] === 0;
      article.toggleAttribute("data-best", best);
      mark.hidden = !best;
    });
    return article;
  }

  function preference(heading) {
    const choices = responses.map(({ id, title }, index) => ({ value: id, text: title, key: String(index + 1) }));
    if (ties) choices.splice(responses.length === 2 ? 1 : choices.length, 0, { value: TIE, text: strings.tie, key: "0" });
    const bar = segments({ labelled: heading, options: choices, readOnly, onChange: (chosen) => ((state.preference = chosen), changed()) });
    showers.push(() => bar.set(state.preference));
    return bar;
  }

  function placing(response) {
    const name = h("span", { class: "task-rating__name" }, response.title);
    const choices = responses.map((_, place) => ({ value: place, text: String(place + 1) }));
    const bar = segments({ labelled: name, options: choices, readOnly, onChange: (place) => give(response.id, place) });
    // A tie may leave a gap ("1, 1, 3"): shown is the place that was clicked until the answer comes back from outside.
    showers.push(() => bar.set(state.places[response.id] ?? null));
    groups.push(bar);
    return h("div", { class: "task-rating" }, name, bar.element);
  }

  /** Without ties whoever had the place loses it. */
  function give(id, place) {
    if (!ties) for (const other of Object.keys(state.places)) if (state.places[other] === place) delete state.places[other];
    state.places[id] = place;
    changed();
  }

  const heading = h("h3", { class: "task-decision__title", dir: "auto" }, options.question);
  const turn = (said) => h("div", { class: "task-turn" }, h("h3", { class: "task-turn__role" }, said.title), foldable(prose(said, "task-turn__text"), strings));
  const prompt = h("section", { class: "task-prompt" }, turns.map(turn));
  const cards = h("div", { class: "task-responses", dataset: { count: String(responses.length) } }, responses.map(card));
  const bar = mode === "prefer" ? preference(heading) : null;
  const decide = () => h("section", { class: "task-decision" }, heading, bar ? bar.element : responses.map(placing));
  element.append(prompt, ...(mode === "rate" ? [heading, cards] : [cards, decide()]));
  set(value);
  // A rating that was clicked keeps the focus; digits go there only when the keyboard led there.
  let byPointer = true;
  element.addEventListener("pointerdown", () => (byPointer = true));
  element.addEventListener("keydown", (event) => (byPointer &&= !["Tab", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)));

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const open = () => groups.find((group) => group.value() === null);
    if (event.key.toLowerCase() === "r" && groups.length) {
      byPointer = false;
      (open() ?? groups[0]).focus();
      return true;
    }
    if (!/^[0-9]$/.test(event.key)) return false;
    const focused = byPointer ? null : groups.find((group) => group.holds(event.target));
    const here = focused ?? (mode === "prefer" ? null : open());
    if (here) return press(here, Number(event.key));
    if (mode !== "prefer") return false;
    const chosen = event.key === "0" ? ties && TIE : responses[Number(event.key) - 1]?.id;
    if (!chosen) return false;
    state.preference = chosen;
    changed();
    if (bar.holds(document.activeElement)) bar.focus();
    return true;
  }

  function press(group, digit) {
    const input = [...group.element.querySelectorAll("input")][digit - 1];
    if (!input) return false;
    input.click();
    byPointer = false;
    (groups[groups.indexOf(group) + 1] ?? bar ?? group).focus();
    return true;
  }

  return { set, key: readOnly ? undefined : key, focus: () => (groups.find((group) => group.value() === null) ?? bar ?? groups[0])?.focus() };
}

/** Places (id -> number) as groups, best first, without gaps. */
function ranking(places) {
  const levels = [...new Set(Object.values(places))].sort((a, b) => a - b);
  return levels.map((level) => Object.keys(places).filter((id) => places[id] === level).sort());
}

/** HTML that the server has cleaned, or text with its line breaks. */
function prose(part, name) {
  return "html" in part ? h("div", { class: `${name} task-prose`, dir: "auto", html: part.html }) : h("div", { class: `${name} task-plain`, dir: "auto" }, part.text);
}

/** Very long text starts folded, with a button that says so; what is short enough never shows one. */
function foldable(content, strings) {
  const button = h("button", { class: "btn btn-sm btn-ghost task-fold__button", type: "button", hidden: true, "aria-expanded": "false" }, strings.show_all);
  const fold = h("div", { class: "task-fold" }, content, button);
  button.addEventListener("click", () => {
    const open = fold.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? strings.show_less : strings.show_all;
  });
  new ResizeObserver(() => {
    if (!fold.hasAttribute("data-open")) button.hidden = content.scrollHeight <= content.clientHeight + 1;
  }).observe(content);
  return fold;
}

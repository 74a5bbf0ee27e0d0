/* A question of an exam. Multiple choice keeps itself through htmx; a task's answer goes into the form's hidden field here and is kept
   a moment after each change. When the time is up the page goes where the result is. */

const page = document.querySelector("[data-exam-over]");
page?.addEventListener("mk:time-up", () => location.assign(page.dataset.examOver));

/* What the page counts for a person who may look at it later: time out of sight and pastes. It goes along with each answer, once. */
const counted = { away: 0, away_ms: 0, pastes: 0, pasted: 0 };
let left = 0;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    left = Date.now();
    counted.away += 1;
  } else if (left) {
    counted.away_ms += Date.now() - left;
    left = 0;
  }
});
document.addEventListener("paste", (event) => {
  counted.pastes += 1;
  counted.pasted += event.clipboardData?.getData("text").length ?? 0;
});
document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.headers["X-Autosave"]) return;
  detail.parameters.signals = JSON.stringify(counted);
  for (const name of Object.keys(counted)) counted[name] = 0;
});
document.addEventListener("submit", ({ target }) => {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "signals", value: JSON.stringify(counted) });
  target.append(field);
});

const form = document.querySelector("[data-exam-task]");
const root = form?.querySelector("[data-task-root]");
if (root) {
  const field = form.elements.namedItem("answer");
  const note = form.querySelector("[data-exam-incomplete]");
  let pause = 0;

  const take = ({ answer, valid }) => {
    field.value = valid ? JSON.stringify(answer) : "";
    if (note) note.hidden = valid;
  };

  root.addEventListener("task:ready", ({ detail }) => take(detail));
  root.addEventListener("task:change", ({ detail }) => {
    take(detail);
    clearTimeout(pause);
    if (detail.valid) pause = setTimeout(() => window.htmx.trigger(form, "exam:keep"), 600);
  });
  form.addEventListener("submit", (event) => {
    if (!root.task || root.task.isValid()) return;
    event.preventDefault();
    root.task.validate();
  });
}

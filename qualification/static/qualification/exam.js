/* A question of an exam. Multiple choice keeps itself through htmx; a task's answer goes into the form's hidden field here and is kept
   a moment after each change. When the time is up the page goes where the result is. */

const page = document.querySelector("[data-exam-over]");
page?.addEventListener("mk:time-up", () => location.assign(page.dataset.examOver));

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

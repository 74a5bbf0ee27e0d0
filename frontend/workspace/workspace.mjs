// The interface of a task, for the workspace, the client's preview, review and exams. The page gives the data and listens; time, drafts
// and submitting are the page's business.
//
// A page has
//   <link rel="stylesheet" href="workspace.css"> after site.css, <script type="module" src="workspace.js">
//   <div data-task-root></div>
//   <script type="application/json" id="task-data">{island}</script>      (other id: <div data-task-root="ID">)
// The island, built by task_types.interface.island:
//   drawer    slug of the task type; its widget is fetched when the form needs one
//   form      SurveyJS JSON, translated
//   payload   what the person may see of the task
//   data      what the form starts with: {} or a draft, a pre-label, an answer
//   readOnly  true: shown for reading only
//   locale    language code
// Then
//   root.task                   { value(), validate(), isValid(), setValue(answer) } once it is ready (null before)
//   event task:ready            on the root, bubbles, when the form stands; detail {answer, valid}
//   event task:change           on the root, bubbles, after each change by the person; detail {answer, valid}
//   event task:failed           on the root, bubbles, when the form could not be made; detail {error}
// validate() shows what is missing and moves there; value() is what the API takes as `answer`; the server checks it again.
// Content that htmx brings in is mounted as well. Keys are those of keys.mjs and of the drawers' widgets; Ctrl+Enter, Tab and ? are left to the page.

import { mountTask } from "./form.mjs";

export { mountTask };

/** Mounts every task below `scope` that is not mounted yet. */
export function mountAll(scope) {
  const inside = [...scope.querySelectorAll("[data-task-root]")];
  for (const root of scope.matches?.("[data-task-root]") ? [scope, ...inside] : inside) if (!("task" in root)) mount(root);
}

async function mount(root) {
  root.task = null;
  const tell = (name, detail) => root.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  try {
    const island = JSON.parse(document.getElementById(root.dataset.taskRoot || "task-data").textContent);
    root.dataset.drawer = island.drawer;
    root.task = await mountTask(root, { ...island, onChange: (answer, valid) => tell("task:change", { answer, valid }) });
    tell("task:ready", { answer: root.task.value(), valid: root.task.isValid() });
  } catch (error) {
    tell("task:failed", { error });
    throw error;
  }
}

mountAll(document);
document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));

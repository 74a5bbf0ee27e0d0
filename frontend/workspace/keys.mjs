// Single keys for the task at hand: never while somebody types, never together with Ctrl, Alt or Cmd, never behind a dialog.

const tasks = new Set();

/** Lets a task hear keys until its element leaves the page. `task` is { element, key(event) -> handled }. */
export function listen(task) {
  tasks.add(task);
}

/** Whether the person is writing something: then a digit is a digit. */
export function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button])"));
}

document.addEventListener("keydown", (event) => {
  for (const task of tasks) if (!task.element.isConnected) tasks.delete(task);
  if (event.defaultPrevented || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (document.documentElement.dataset.mkKeys === "off" && !event.target.closest?.("[data-task-root]")) return;
  const task = [...tasks].find((one) => one.element.contains(event.target)) ?? (tasks.size === 1 ? [...tasks][0] : null);
  if (task?.key(event)) event.preventDefault();
});

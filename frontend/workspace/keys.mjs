// Single keys for the task at hand: never while somebody types, never behind a dialog.
//
// Heard before the site's own keys (static/js/keys.mjs), so that a label's key means that label whatever else the page offers. What has
// `data-key` and `data-key-label` here is for the sheet of keys that `?` opens.

const tasks = new Set();

/** Lets a task hear keys until its element leaves the page. `task` is { element, key(event) -> handled }. */
export function listen(task) {
  tasks.add(task);
}

/** Whether the person is writing something: then a digit is a digit. */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button])"));
}

/** The task that has the focus, else the only one on the page; with single keys switched off it must have the focus. */
function addressed(target) {
  const focused = [...tasks].find((task) => task.element.contains(target));
  const off = document.documentElement.dataset.mkKeys === "off";
  return focused ?? (tasks.size === 1 && !off ? [...tasks][0] : null);
}

function hear(event) {
  for (const task of tasks) if (!task.element.isConnected) tasks.delete(task);
  if (event.isComposing || typing(event.target) || event.target.closest?.(":popover-open") || document.querySelector("dialog[open]")) return;
  if (!addressed(event.target)?.key(event)) return;
  event.preventDefault();
  event.stopPropagation();
}

document.addEventListener("keydown", hear, { capture: true });

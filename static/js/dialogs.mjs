/* Native dialogs: data-mk-dialog="ID" opens, data-mk-close closes, a click beside closes those without a form. */

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-mk-dialog]");
  if (opener) document.getElementById(opener.dataset.mkDialog)?.showModal();
  if (event.target.closest?.("[data-mk-close]")) event.target.closest("dialog")?.close();
  if (event.target.matches?.("dialog.mk-dialog") && !event.target.querySelector("form")) event.target.close();
});

/* A form of htmx inside a dialog closes it when the answer is good. */
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches?.("dialog form")) event.target.closest("dialog").close();
});

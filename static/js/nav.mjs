/* The side navigation as a drawer on small screens. */

const shell = document.querySelector("[data-mk-shell]");
const opener = document.querySelector('[data-mk-nav="open"]');

function set(open) {
  shell.toggleAttribute("data-open", open);
  opener?.setAttribute("aria-expanded", String(open));
  const main = shell.querySelector(".mk-main");
  if (main) main.inert = open;
  if (open) shell.querySelector(".mk-side a, .mk-side button")?.focus();
  else opener?.focus();
}

if (shell) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-mk-nav]");
    if (button) set(button.dataset.mkNav === "open");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shell.hasAttribute("data-open")) set(false);
  });
  matchMedia("(min-width: 62em)").addEventListener("change", () => {
    if (shell.hasAttribute("data-open")) set(false);
  });
}

// On a narrow window the tabs scroll sideways: the one that is open is in sight.
document.querySelectorAll(".mk-tabs > [aria-current]").forEach((tab) => {
  tab.parentElement.scrollLeft += tab.getBoundingClientRect().left - tab.parentElement.getBoundingClientRect().left;
});

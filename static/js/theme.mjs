/* The theme switch: remembers the choice in a cookie that the server reads, so that no page flashes. */

const YEAR = 31536000;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-mk-theme]");
  if (!button) return;
  const theme = button.dataset.mkTheme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `mk_theme=${theme}; path=/; max-age=${theme ? YEAR : 0}; samesite=lax${secure}`;
  if (theme) document.documentElement.dataset.bsTheme = theme;
  else delete document.documentElement.dataset.bsTheme;
  for (const other of document.querySelectorAll("[data-mk-theme]")) {
    other.setAttribute("aria-pressed", String(other.dataset.mkTheme === theme));
  }
  document.dispatchEvent(new CustomEvent("mk:theme"));
});

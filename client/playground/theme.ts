/** Light or dark: the system's choice until the user chooses. */
import "./element.ts";

const STORED = "playground.theme";

const stored = localStorage.getItem(STORED);
if (stored) document.documentElement.dataset.theme = stored;

/** Makes the toggle work. */
export function startTheme(toggle: HTMLElement): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => toggle.setAttribute("aria-pressed", String(isDark()));
  toggle.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem(STORED, chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}

// Light and dark: as the system says, until the button is pressed.

const THEME_KEY = "ccsrp-report-theme";

function rememberedTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null; // a browser may refuse storage to a file
  }
}

function startTheme(onChange) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = rememberedTheme();
  const button = byId("theme");
  const apply = () => {
    const name = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
    document.documentElement.dataset.theme = name;
    button.textContent = name === "dark" ? "☀ Light" : "☾ Dark";
    button.setAttribute("aria-label", `Switch to ${name === "dark" ? "light" : "dark"} colours`);
    onChange();
  };
  button.addEventListener("click", () => {
    chosen = dark() ? "light" : "dark";
    try {
      localStorage.setItem(THEME_KEY, chosen);
    } catch {
      // it holds until the page is closed
    }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

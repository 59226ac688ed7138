// Light and dark: as the system says, until the button is pressed. Paper is light.

const THEME_KEY = "ccsrp-report-theme";

function rememberedTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null; // a browser may refuse storage to a file
  }
}

const printing = () => "printing" in document.documentElement.dataset;

function startTheme(onChange) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = rememberedTheme();
  const button = byId("theme");
  const root = document.documentElement;
  const apply = () => {
    const wanted = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
    const name = printing() ? "light" : wanted;
    root.dataset.theme = name;
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
  // Now, not at the next frame: a printer does not wait for one.
  addEventListener("beforeprint", () => {
    root.dataset.printing = "yes";
    apply();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.printing;
    apply();
    for (const chart of document.querySelectorAll(".js-plotly-plot")) Plotly.Plots.resize(chart);
  });
  apply();
}

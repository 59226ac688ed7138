// Colours that people of all kinds of sight can tell apart: cividis for numbers, Okabe and Ito's for runs.

const CIVIDIS = [
  [0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115],
  [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56],
];
// Those first that stand out from white and from black: lines have no rim.
const OKABE_ITO = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a8a8a", "#e69f00", "#56b4e9", "#b5a900"];
const SYMBOLS = ["circle", "diamond", "square", "cross", "x"];
const SIGNS = ["●", "◆", "■", "✚", "✖"];

const dark = () => document.documentElement.dataset.theme === "dark";

/** The colour of a share in [0, 1]; the end that a background would swallow is left out. */
function scaleColour(share) {
  const [from, to] = dark() ? [0.18, 1] : [0, 0.93];
  const place = (from + (to - from) * Math.min(1, Math.max(0, share))) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(place), CIVIDIS.length - 2);
  const mixed = CIVIDIS[low].map((x, i) => Math.round(x + (place - low) * (CIVIDIS[low + 1][i] - x)));
  return `rgb(${mixed.join(",")})`;
}

const plotlyScale = () => Array.from({ length: 11 }, (_, i) => [i / 10, scaleColour(i / 10)]);
const runColour = (run) => OKABE_ITO[run % OKABE_ITO.length];
const runSymbol = (run) => SYMBOLS[run % SYMBOLS.length];
const runSign = (run) => SIGNS[run % SIGNS.length];

/** Smallest and largest value of a column, over all rows; null if it has none. */
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** A function from rows to colours, by the column that is chosen. */
function painter(model) {
  if (model.colour === "run") return (row) => runColour(row.run);
  const values = model.values[model.colour];
  const [low, high] = extent(values) ?? [0, 1];
  const unknown = themed("faint");
  return (row) => {
    const value = values[row.id];
    if (Number.isNaN(value)) return unknown;
    return scaleColour(high > low ? (value - low) / (high - low) : 0.5);
  };
}

/** A colour of the theme, such as themed("text"). */
const themed = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

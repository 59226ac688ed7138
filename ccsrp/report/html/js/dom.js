// Elements and text. Whatever a run tells goes into the page as text, never as HTML.

/** Make an element: make("td", {class: "number"}, "0.5"); children are nodes or text. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const byId = (id) => document.getElementById(id);

/** Plotly takes some HTML in its texts: this makes a text mean itself. */
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Write a number for people: three digits after the point below ten, two that count of less, k, M, G. */
function brief(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= 0.9995 * unit) return `${Number((value / unit).toPrecision(3))}${letter}`;
  }
  if (Number.isInteger(value)) return String(value);
  if (size < 0.001) return String(Number(value.toPrecision(2)));
  return size < 10 ? value.toFixed(3) : value.toFixed(1);
}

const NUMBERED = ["member", "round"];

/** Write the cell of a table: names, small whole numbers and text as they are, others briefly. */
function shownCell(column, text) {
  const value = Number(text);
  if (NUMBERED.includes(column) || text === "" || !Number.isFinite(value) || /^-?\d{1,4}$/.test(text)) return text;
  return brief(value);
}

/** Cut a name that would take the room of what it names. */
const short = (name, most = 24) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

/** Let a browser save text as a file. */
function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Copy a text; without the clipboard's permission, as on some file:// pages, through a selection. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { readonly: true, class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

/** Call a function once for any number of requests, at the next frame. */
function atNextFrame(call) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      call();
    });
  };
}

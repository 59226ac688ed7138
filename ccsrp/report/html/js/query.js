// The text filter: "cost <= 0.5 accuracy > 0.9" are ranges, other words are looked for in a row's text.

const CONDITION = /([^\s<>=]+)\s*(<=|>=|==|<|>|=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?=\s|,|$)/gi;
const COMPARE = {
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "=": (a, b) => a === b,
  "==": (a, b) => a === b,
};

/** Put the names of columns where a filter has them as the page shows them: "robust accuracy > 0.5". */
function withNames(text, columns, labels) {
  const shown = columns.filter((column) => labels[column] && labels[column] !== column);
  shown.sort((a, b) => labels[b].length - labels[a].length); // "test accuracy" before "accuracy"
  for (const column of shown) {
    const label = labels[column].replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ /g, "\\s+");
    text = text.replace(new RegExp(`(^|[\\s,])${label}(?=\\s*[<>=])`, "gi"), (_, before) => before + column);
  }
  return text;
}

/** Read a filter: {conditions: [{column, holds}], words, error}. */
function parseQuery(text, columns, labels) {
  const conditions = [];
  let error = "";
  const rest = withNames(text, columns, labels).replace(CONDITION, (_, name, sign, number) => {
    const column = columns.find((known) => known.toLowerCase() === name.toLowerCase());
    if (column !== undefined) {
      conditions.push({ column, holds: (value) => COMPARE[sign](value, Number(number)) });
    } else {
      error = `no column ${name}; columns are ${columns.join(", ")}`;
    }
    return " ";
  });
  if (!error && /[<>=]/.test(rest)) error = "write ranges like cost <= 0.5";
  const words = error ? [] : rest.split(/[\s,]+/).filter(Boolean).map((word) => word.toLowerCase());
  return { conditions, words, error };
}

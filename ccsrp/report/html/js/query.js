// The text filter: "cost <= 0.5 accuracy > 0.9" are ranges, other words are looked for in a row's text.

const CONDITION = /([^\s<>=]+)\s*(<=|>=|<|>|=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?=\s|,|$)/gi;
const COMPARE = {
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "=": (a, b) => a === b,
};

/** Read a filter: {conditions: [{column, holds}], words, error}. */
function parseQuery(text, columns) {
  const conditions = [];
  let error = "";
  const rest = text.replace(CONDITION, (_, column, sign, number) => {
    if (columns.includes(column)) {
      conditions.push({ column, holds: (value) => COMPARE[sign](value, Number(number)) });
    } else {
      error = `no column ${column}; columns are ${columns.join(", ")}`;
    }
    return " ";
  });
  if (!error && /[<>=]/.test(rest)) error = "write ranges like cost <= 0.5";
  const words = error ? [] : rest.split(/[\s,]+/).filter(Boolean).map((word) => word.toLowerCase());
  return { conditions, words, error };
}

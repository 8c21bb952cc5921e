// Files that the scripts read and write: variables, and the routes directory as a whole.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Why a script ends: its text is for the person at the terminal, and no stack is shown. */
export class Stop extends Error {}

/** A value in quotes that ends on a later line, and how many lines that is on: that line's only quote is its last character. */
function spanning(value, later) {
  const quote = value[0];
  if ((quote !== '"' && quote !== "'") || (value.length > 1 && value.endsWith(quote))) return [value, 0];
  const last = later.findIndex((line) => line.includes(quote));
  if (last < 0 || later[last].trimEnd().indexOf(quote) !== later[last].trimEnd().length - 1) return [value, 0];
  return [[value, ...later.slice(0, last + 1).map((line) => line.trimEnd())].join("\n"), last + 1];
}

function unquote(value) {
  if (/^'.*'$/s.test(value)) return value.slice(1, -1);
  if (!/^".*"$/s.test(value)) return value;
  return value.slice(1, -1).replace(/\\([n"\\])/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
}

/**
 * Reads `NAME=value` lines, as the native command does: blank lines and `#` comments are skipped; a value in quotes may span lines,
 * and in double quotes `\n` is a line end, and `\"` and `\\` are the second character alone.
 */
export function readVariables(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Stop(`${file}: the variables file cannot be read (${error.code})`);
  }
  const variables = {};
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    if (/^\s*(#|$)/.test(lines[index])) continue;
    const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(lines[index]) ?? [];
    // What stands there may be part of a secret, so it is not shown.
    if (name === undefined) throw new Stop(`${file}:${index + 1}: expected NAME=value; a value of several lines stands in quotes`);
    const [value, more] = spanning(raw.trim(), lines.slice(index + 1));
    variables[name] = unquote(value);
    index += more;
  }
  return variables;
}

/** Writes variables as `NAME="value"` lines, for `readVariables` and the native command. */
export function formatVariables(variables) {
  const written = (value) => value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${written(value)}"\n`)
    .join("");
}

/**
 * Writes variables as wrangler reads them from `.dev.vars`, which is as dotenv does: nothing is escaped there, but in double quotes
 * `\n` and `\r` mean line ends. So a value stands in quotes that it does not have, or in none.
 */
export function formatDevVars(variables) {
  const written = (name, value) => {
    if (/^[^#\r\n'"`\s](?:[^#\r\n]*[^#\r\n\s])?$/.test(value)) return value;
    const quote = value.endsWith("\\") ? undefined : ["'", "`", '"'].find((quote) => !value.includes(quote) && !(quote === '"' && /\\[nr]/.test(value)));
    if (quote === undefined) throw new Stop(`the value of ${name} has every kind of quotes, or ends in a backslash: wrangler cannot be given it`);
    return `${quote}${value}${quote}`;
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${written(name, value)}\n`)
    .join("");
}

/** A text that changes whenever a file, or one below a directory, is added, removed or saved. */
export function stateOf(path) {
  const state = statSync(path);
  if (!state.isDirectory()) return `${path} ${state.mtimeMs} ${state.size} ${state.ino}`;
  const names = readdirSync(path).sort();
  return [path, ...names.map((name) => stateOf(join(path, name)))].join("\n");
}

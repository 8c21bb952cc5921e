// Files that the scripts read and write: variables, and the routes directory as a whole.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Why a script ends: its text is for the person at the terminal, and no stack is shown. */
export class Stop extends Error {}

/** Reads `NAME=value` lines: blank lines and `#` comments are skipped, quotes around a value are removed. */
export function readVariables(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Stop(`${file}: the variables file cannot be read (${error.code})`);
  }
  const variables = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Stop(`${file}:${index + 1}: expected NAME=value, found '${line.trim()}'`);
    const value = raw.trim();
    variables[name] = /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
  }
  return variables;
}

/** Writes variables as `NAME="value"` lines. */
export function formatVariables(variables) {
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${value}"\n`)
    .join("");
}

/** A text that changes whenever a file below `directory` is added, removed or saved. */
export function stateOf(directory) {
  const lines = [];
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      lines.push(stateOf(path));
      continue;
    }
    const { mtimeMs, size, ino } = statSync(path);
    lines.push(`${path} ${mtimeMs} ${size} ${ino}`);
  }
  return lines.join("\n");
}

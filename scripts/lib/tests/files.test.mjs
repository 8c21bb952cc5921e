// Variables files, and noticing that a directory changed.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatVariables, readVariables, stateOf, Stop } from "../files.mjs";

const directory = mkdtempSync(join(tmpdir(), "archway-files-"));
after(() => rmSync(directory, { recursive: true }));

function read(text) {
  const file = join(directory, "vars");
  writeFileSync(file, text);
  return readVariables(file);
}

for (const [text, expected] of [
  ["", {}],
  ["# a comment\n\nA=1\n", { A: "1" }],
  ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
  ["export A_1 = with blanks  ", { A_1: "with blanks" }],
  ['A="quoted"\nB=\'quoted\'\nC="half', { A: "quoted", B: "quoted", C: '"half' }],
  ["A=x=y#z", { A: "x=y#z" }],
  ["A=", { A: "" }],
]) {
  test(`variables: ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), expected));
}

for (const text of ["what is this", "=1", "1A=x", "A-B=x"]) {
  test(`no variables: ${JSON.stringify(text)}`, () => assert.throws(() => read(`OK=1\n${text}`), (error) => error instanceof Stop && /vars:2: expected NAME=value/.test(error.message)));
}

test("a missing file is named", () => assert.throws(() => readVariables(join(directory, "none")), /none: the variables file cannot be read/));

test("what is written is read again", () => {
  const variables = { URL: "http://127.0.0.1:1/x?y=1", EMPTY: "", TEXT: "a b # c" };
  assert.deepEqual(read(formatVariables(variables)), variables);
});

test("adding, changing and removing a file each change a directory's state", () => {
  const routes = join(directory, "routes");
  mkdirSync(join(routes, "schemas"), { recursive: true });
  const states = [stateOf(routes)];
  writeFileSync(join(routes, "schemas", "a.json"), "1");
  states.push(stateOf(routes));
  writeFileSync(join(routes, "schemas", "a.json"), "12");
  states.push(stateOf(routes));
  assert.equal(stateOf(routes), states.at(-1));
  rmSync(join(routes, "schemas", "a.json"));
  assert.equal(new Set(states).size, 3);
  assert.equal(stateOf(routes), states[0]);
});

// Variables files, and noticing that a directory changed.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatDevVars, formatVariables, readVariables, stateOf, Stop } from "../files.mjs";

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
  ["\uFEFFA=1", { A: "1" }],
  ['A="one\ntwo==\nthree"\nB=1', { A: "one\ntwo==\nthree", B: "1" }],
  ["A='one\r\ntwo'\r\n", { A: "one\ntwo" }],
  ['A="half\nB="whole"', { A: '"half', B: "whole" }],
  [String.raw`A="a\"b\\n\x$c\n"`, { A: 'a"b\\n\\x$c\n' }],
  [String.raw`A=it's "x" #1`, { A: `it's "x" #1` }],
]) {
  test(`variables: ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), expected));
}

for (const text of ["what is this", "=1", "1A=x", "A-B=x"]) {
  test(`no variables: ${JSON.stringify(text)}`, () => assert.throws(() => read(`OK=1\n${text}`), (error) => error instanceof Stop && /vars:2: expected NAME=value/.test(error.message) && !error.message.includes(text)));
}

test("a missing file is named", () => assert.throws(() => readVariables(join(directory, "none")), /none: the variables file cannot be read/));

const variables = {
  URL: "http://127.0.0.1:1/x?y=1",
  EMPTY: "",
  TEXT: "a b # c",
  SECRET: `it's pa$$word \\n "x" $HOME \\`,
  BLANKS: " a ",
  QUOTED: `'a' # "b"`,
  PEM: "-----BEGIN PUBLIC KEY-----\nMCow==\n-----END PUBLIC KEY-----\n",
};

test("what is written is read again", () => assert.deepEqual(read(formatVariables(variables)), variables));

for (const [value, written] of [
  ["", "''"],
  ["x=y", "x=y"],
  [`it's pa$$word "x"\\`, `it's pa$$word "x"\\`],
  ["a # b", "'a # b'"],
  [" a ", "' a '"],
  ['"a"', `'"a"'`],
  ["'a'\nb\\n", "`'a'\nb\\n`"],
  ["'`\n", `"'\`\n"`],
]) {
  test(`wrangler is given ${JSON.stringify(value)}`, () => assert.equal(formatDevVars({ A: value }), `A=${written}\n`));
}

for (const value of [`'"\`#`, "#\\", "'`#\\n"]) {
  const named = (error) => error instanceof Stop && /the value of A/.test(error.message) && !error.message.includes(value);
  test(`wrangler is not given ${JSON.stringify(value)}`, () => assert.throws(() => formatDevVars({ A: value }), named));
}

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

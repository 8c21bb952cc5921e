// scripts/dev as a newcomer meets it: the six requests, a saved routes file, a broken one, odd variables, Ctrl-C.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../routes.mjs";
import { freePort, startScript, until } from "./running.mjs";

const directory = mkdtempSync(join(tmpdir(), "archway-dev-"));
const catalogue = join(directory, "catalogue.toml");
const vars = join(directory, "vars");
const SHOWN = `
[api]
name = "shown"

[[routes]]
match = "GET /shown"
public = true
static = {}
policies = [{ headers = { response = { set = { "x-shown" = "\${SHOWN}" } } } }]
`;
let base;
let dev;

before(async () => {
  cpSync(join(ROOT, "routes"), directory, { recursive: true });
  writeFileSync(join(directory, "shown.toml"), SHOWN);
  writeFileSync(vars, `SHOWN=it's pa$$word "x" $HOME\n`);
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  dev = startScript("dev", ["--routes", directory, "--vars", vars, "--port", String(port)]);
  const ready = await until("scripts/dev", 300_000, async () => dev.text().includes("==> Save a file") || (await Promise.race([dev.ended, undefined])));
  assert.equal(ready.found, true, dev.text());
});
after(async () => {
  if (dev) await dev.stop();
  rmSync(join(ROOT, ".archway", "dev", new URL(base).port), { recursive: true, force: true });
  rmSync(directory, { recursive: true });
});

const health = async () => (await fetch(`${base}/health`)).text();
const edit = (from, to) => writeFileSync(catalogue, readFileSync(catalogue, "utf8").replace(from, to));

test("the six requests work as printed", () => {
  const commands = dev.text().split("\n").filter((line) => /^ {2}(curl|for) /.test(line));
  const answers = commands.map((command) => spawnSync("bash", ["-c", command], { encoding: "utf8" }).stdout);
  const expected = [/^HTTP\/1.1 200 [\s\S]*"Anvil"/, /^HTTP\/1.1 200 [\s\S]*"x-user": "ada"/, /^200 200 200 200 200 429 429 $/m, /^cache-status: .*\bhit\b/im, /^HTTP\/1.1 400 [\s\S]*application\/problem\+json/, /^HTTP\/1.1 422 [\s\S]*"pointer":"\/items\/0\/count"/];
  assert.equal(answers.length, expected.length);
  for (const [number, pattern] of expected.entries()) assert.match(answers[number], pattern, commands[number]);
});

test("a saved file is served within two seconds, and a broken one changes nothing", async () => {
  edit('status = "ok"', 'status = "saved"');
  const { afterMs } = await until("the new routes", 10_000, async () => (await health()).includes("saved"));
  assert.ok(afterMs < 2000, `it took ${afterMs} ms`);

  edit("static = { status = 200, headers", "statik = { status = 200, headers");
  await until("the report", 10_000, () => dev.text().includes("The routes as saved are not served"));
  assert.match(dev.text(), /catalogue\.toml:\d+:\d+[\s\S]*did you mean `static`/);
  assert.match(await health(), /saved/);

  edit("statik", "static");
  edit('status = "saved"', 'status = "mended"');
  await until("the mended routes", 10_000, async () => (await health()).includes("mended"));
});

test("variables reach the worker as they are written, and anew when they are saved", async () => {
  const shown = async () => (await fetch(`${base}/shown`)).headers.get("x-shown");
  assert.equal(await shown(), `it's pa$$word "x" $HOME`);
  writeFileSync(vars, `SHOWN="# \\"saved\\" $HOME"\n`);
  await until("the new variables", 10_000, async () => (await shown()) === '# "saved" $HOME');
  writeFileSync(vars, "a secret\n");
  await until("the report", 10_000, () => dev.text().includes("The variables as saved are not used"));
  assert.match(dev.text(), /vars:1: expected NAME=value/);
  assert.equal(await shown(), '# "saved" $HOME');
});

test("Ctrl-C leaves no process behind", async () => {
  assert.notEqual(dev.leftovers().length, 0);
  assert.equal(await dev.stop(), 130);
  await until("the end of all processes", 2000, () => dev.leftovers().length === 0);
});

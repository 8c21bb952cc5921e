// scripts/serve: the worker on a bare workerd, its state on disk, its cache; and what the scripts say when they are used wrongly.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatVariables } from "../files.mjs";
import { startOrigins, variablesFor } from "../origins.mjs";
import { WORKERD } from "../workerd.mjs";
import { freePort, runScript, startScript, until } from "./running.mjs";

const directory = mkdtempSync(join(tmpdir(), "archway-serve-"));
const variables = join(directory, "vars");
let origins;

before(async () => {
  origins = await startOrigins(0);
  writeFileSync(variables, formatVariables(variablesFor(origins.port)));
});
after(() => {
  origins.stop();
  rmSync(directory, { recursive: true });
});

async function serving(run, port) {
  const server = startScript("serve", ["--port", String(port), "--vars", variables, "--state", join(directory, "state")]);
  try {
    await until("scripts/serve", 300_000, () => server.text().includes("is served on"));
    await run(`http://127.0.0.1:${port}`);
  } finally {
    await server.stop();
  }
  await until("the end of all processes", 2000, () => server.leftovers().length === 0);
}

test("it serves, caches, and counts, with its objects on disk; the file that it ran needs nothing beside it", async () => {
  const port = await freePort();
  await serving(async (base) => {
    const asked = [];
    for (let number = 0; number < 2; number += 1) {
      const response = await fetch(`${base}/v1/products/2`);
      asked.push((await response.json()).served, /hit/.test(response.headers.get("cache-status")));
    }
    assert.deepEqual(asked, [1, false, 1, true]);
    for (const expected of [200, 200, 200, 200, 200, 429]) assert.equal((await fetch(`${base}/v1/quote`)).status, expected);
  }, port);
  const objects = readdirSync(join(directory, "state", "objects", "archway-limiter")).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(objects.length, 1);

  const alone = join(directory, "gateway.bin");
  renameSync(join(directory, "state", "run", "config.bin"), alone);
  rmSync(join(directory, "state", "run"), { recursive: true });
  const workerd = spawn(WORKERD, ["serve", "--binary", alone], { env: { ...process.env, ...variablesFor(origins.port) }, stdio: "inherit" });
  try {
    const asked = () => fetch(`http://127.0.0.1:${port}/v1/products/2`).then((response) => response.status, () => undefined);
    await until("the file's first answer", 30_000, async () => (await asked()) === 200);
  } finally {
    workerd.kill();
    await once(workerd, "exit");
  }
});

for (const [name, args, expected] of [
  ["serve", ["--vars", "/nowhere/vars"], /\/nowhere\/vars: the variables file cannot be read/],
  ["serve", ["--routes", "/nowhere"], /--routes: '\/nowhere' is not a directory/],
  ["serve", ["--port", "eighty"], /--port: expected a number from 1 to 65535, found 'eighty'/],
  ["dev", ["--prt", "1"], /Unknown option '--prt'[\s\S]*--help/],
  ["build", ["--fast"], /unknown argument '--fast'/],
  ["build", ["--routes", "/nowhere"], /--routes: not a directory/],
  ["check-deploy", ["--vars", "/dev/null"], /missing {2}variable {2}CATALOGUE_URL[\s\S]*4 of 4 variables and secrets are missing/],
]) {
  test(`scripts/${name} ${args.join(" ")} says what is wrong`, async () => {
    const { code, text } = await runScript(name, name === "serve" && args[0] !== "--port" ? [...args, "--port", String(await freePort())] : args);
    assert.notEqual(code, 0);
    assert.match(text, expected);
  });
}

test("missing variables are named before anything is served", async () => {
  const { code, text } = await runScript("serve", ["--port", String(await freePort()), "--state", join(directory, "other")]);
  assert.equal(code, 1);
  for (const name of ["CATALOGUE_URL", "ORDERS_URL", "LIVE_URL", "ISSUER_URL"]) assert.ok(text.includes(`the variable \`${name}\` is not set`), text);
});

test("a port in use is said to be", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { code, text } = await runScript("dev", ["--port", String(server.address().port)]);
  server.close();
  assert.equal(code, 1);
  assert.match(text, /port \d+ is in use: stop what listens there, or choose another with --port/);
});

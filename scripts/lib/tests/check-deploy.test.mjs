// scripts/check-deploy: what a deployment lacks, and whether it is too large.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runScript } from "./running.mjs";

const directory = mkdtempSync(join(tmpdir(), "archway-check-deploy-"));
after(() => rmSync(directory, { recursive: true }));

/** Routes with `noise` bytes that no compression makes smaller, and a variable. */
function routes(name, noise) {
  const path = join(directory, name);
  mkdirSync(path);
  const body = randomBytes((noise * 3) / 4).toString("base64");
  const api = `[api]\nname = "a"\n[origins.store]\ntargets = [{ url = "\${STORE_URL}" }]\n[[routes]]\nmatch = "GET /a"\npublic = true\nstatic = { body = "${body}" }\n`;
  const proxied = '[[routes]]\nmatch = "GET /b"\npublic = true\norigin = "store"\n';
  writeFileSync(join(path, "a.toml"), api + proxied);
  return path;
}

test("what is missing is named, and how large the worker is", async () => {
  const path = routes("small", 400);
  writeFileSync(join(directory, "vars"), "STORE_URL=https://store.example\n");
  for (const [args, code, expected] of [
    [[], 1, /^missing  variable  STORE_URL.*\nok       size      \d\.\d MB gzipped.*\n1 of 1 variables and secrets are missing/m],
    [["--vars", join(directory, "vars")], 0, /^ok       variable  STORE_URL\nok       size      \d\.\d MB gzipped.*\nAll 1 variables/m],
  ]) {
    const ran = await runScript("check-deploy", ["--routes", path, ...args]);
    assert.match(ran.text, expected);
    assert.equal(ran.code, code, ran.text);
  }
});

test("a worker that only some plans take is told, and one that none takes fails", async () => {
  for (const [name, noise, code, expected] of [
    ["large", 3 << 20, 0, /^ok       size .*more than the 3\.0 MB of Cloudflare's free plan/m],
    ["huge", 16 << 20, 1, /^too big  size .*Cloudflare takes 10\.0 MB/m],
  ]) {
    const ran = await runScript("check-deploy", ["--routes", routes(name, noise), "--vars", join(directory, "vars")]);
    assert.match(ran.text, expected);
    assert.equal(ran.code, code, ran.text);
  }
});

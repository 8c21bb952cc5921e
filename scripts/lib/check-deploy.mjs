// `scripts/check-deploy`: what the routes read, and whether the deployment has it; and whether the platform takes a worker of this size.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { readVariables, Stop } from "./files.mjs";
import { end, guard, run } from "./processes.mjs";
import { ARCHWAY, buildOrStop, needs, requireRoutes, ROOT } from "./routes.mjs";

/** What Cloudflare takes of a worker, in bytes after gzip: on its free plan, and on the others. */
const FREE = 3 << 20;
const PAID = 10 << 20;
/** Routes of more bytes leave little of an isolate's 128 MB: it has several copies of them while it starts. */
const ROOMY = 16 << 20;

/** How large the worker would be, and whether that is too large. */
async function size(routes) {
  const directory = mkdtempSync(join(tmpdir(), "archway-size-"));
  try {
    const file = join(directory, "routes.json");
    const { code, stderr } = await run(ARCHWAY, ["compile", routes, "-o", file]);
    if (code !== 0) throw new Stop(`the routes cannot be compiled: ${stderr.trim()}`);
    const built = ["index_bg.wasm", "worker.js"].map((name) => join(ROOT, "build", name)).filter(existsSync);
    const packed = [file, ...built].map((part) => gzipSync(readFileSync(part)).length).reduce((sum, length) => sum + length);
    return { packed, plain: readFileSync(file).length, whole: built.length === 2 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(1)} MB`;

/** Says how large the worker would be; whether the platform takes it. */
function tellSize({ packed, plain, whole }) {
  const what = `${megabytes(packed)} gzipped${whole ? "" : ", of the routes alone: the worker is not built yet"}`;
  if (packed > PAID) {
    console.log(`too big  size      ${what}; Cloudflare takes ${megabytes(PAID)}, and ${megabytes(FREE)} on its free plan`);
    return false;
  }
  const plan = packed > FREE ? `; more than the ${megabytes(FREE)} of Cloudflare's free plan, less than the ${megabytes(PAID)} of the others` : "";
  console.log(`ok       size      ${what}${plan}`);
  if (plain > ROOMY) {
    console.log(`         the compiled routes have ${megabytes(plain)}, and an isolate has 128 MB for several copies of them: consumers are most of it`);
  }
  return true;
}

/** The names in `[vars]` of wrangler.toml. */
function deployedVariables() {
  const [, table = ""] = /^\[vars\]\n((?:(?!\[).*\n?)*)/m.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8")) ?? [];
  return [...table.matchAll(/^\s*"?([A-Za-z_][A-Za-z0-9_]*)"?\s*=/gm)].map(([, name]) => name);
}

/** The names of the deployed worker's secrets; nothing where nobody is logged in, or the worker is not deployed yet. */
async function deployedSecrets() {
  const wrangler = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const env = { ...process.env, CI: "1" };
  const { code, stdout } = await run(process.execPath, [wrangler, "secret", "list", "--format", "json"], { cwd: ROOT, env });
  if (code !== 0) return undefined;
  try {
    return JSON.parse(stdout).map(({ name }) => name);
  } catch {
    return undefined;
  }
}

guard(async () => {
  const { values } = parseArgs({ options: { routes: { type: "string", default: join(ROOT, "routes") }, vars: { type: "string" } } });
  const routes = resolve(values.routes);
  requireRoutes(routes);
  await buildOrStop("--command");

  const { variables, secrets } = await needs(routes);
  const inFile = values.vars === undefined ? undefined : Object.keys(readVariables(values.vars));
  const inSecrets = inFile || secrets.length === 0 ? [] : await deployedSecrets();
  const known = new Set([...deployedVariables(), ...(inFile ?? []), ...(inSecrets ?? [])]);
  if (!inSecrets) console.log("The deployment's secrets cannot be listed: wrangler is not logged in, or nothing is deployed yet. They count as missing.");

  let lacking = 0;
  const tell = (name, kind, remedy) => {
    const there = known.has(name);
    if (!there) lacking += 1;
    console.log(`${there ? "ok     " : "missing"}  ${kind}  ${name}${there ? "" : `  (${remedy})`}`);
  };
  for (const name of variables) tell(name, "variable", "put it into [vars] of wrangler.toml");
  for (const name of secrets) tell(name, "secret  ", `wrangler secret put ${name}`);
  const fits = tellSize(await size(routes));
  const total = variables.length + secrets.length;
  console.log(lacking ? `${lacking} of ${total} variables and secrets are missing` : `All ${total} variables and secrets are there`);
  await end(lacking || !fits ? 1 : 0);
});

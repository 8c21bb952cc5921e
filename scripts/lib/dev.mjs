// `scripts/dev`: builds, starts the example origins and wrangler, prints what to try, and compiles the routes whenever they are saved.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { formatVariables, readVariables, stateOf, Stop } from "./files.mjs";
import { startOrigins, variablesFor } from "./origins.mjs";
import { atEnd, endWith, guard, isFree, portFrom, run, start, untilAnswers } from "./processes.mjs";
import { compile, compileOrStop, requireRoutes, ROOT, token } from "./routes.mjs";

const ORIGINS_PORT = 8788;
const COMPILED = join(ROOT, "build", "routes.json");
const VARIABLES = join(ROOT, ".archway", "dev", "vars");
const SETTINGS = join(ROOT, ".archway", "dev", "wrangler.toml");

function say(text) {
  console.error(process.stderr.isTTY ? `\x1b[1m==>\x1b[0m ${text}` : `==> ${text}`);
}

function shown(path) {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short || ".";
}

async function build(...args) {
  const { code } = await run("scripts/build", ["--dev", ...args], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  return code === 0;
}

async function origins() {
  const { port, stop } = await startOrigins((await isFree(ORIGINS_PORT)) ? ORIGINS_PORT : 0);
  atEnd(stop);
  return variablesFor(port);
}

// With a build command, wrangler looks at nothing but that command's sources: a new build/routes.json would not be seen. So it gets
// the same settings without one, and builds are started here.
function wrangler(port) {
  const settings = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    .replace(/^\[build\]\n(?:(?!\[).*\n)*/m, "")
    .replace(/^main = .*$/m, `main = ${JSON.stringify(join(ROOT, "build", "worker.js"))}`);
  writeFileSync(SETTINGS, settings);
  const command = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = ["dev", "--config", SETTINGS, "--env-file", VARIABLES, "--ip", "127.0.0.1", "--port", String(port)];
  const env = { ...process.env, CI: "1" };
  endWith(start(process.execPath, [command, ...args, "--show-interactive-dev-session=false"], { cwd: ROOT, env }), "wrangler dev");
}

async function serveRoutes(routes) {
  const broken = await compile(routes, COMPILED, VARIABLES);
  if (broken) console.error(broken.trimEnd());
  say(broken ? "The routes as saved are not served; the last good ones are" : "New routes are served");
}

async function serveCode(routes) {
  if (!(await build("--no-routes"))) return say("The code as saved is not served; the last good one is");
  await serveRoutes(routes);
}

/** Calls `react` whenever a file below `directory` is saved, one change at a time. */
async function watch(directory, react) {
  let seen = stateOf(directory);
  for (;;) {
    await sleep(200);
    let now;
    try {
      now = stateOf(directory);
    } catch {
      continue; // a file went away between being listed and being looked at
    }
    if (now === seen) continue;
    seen = now;
    await react();
  }
}

async function examples(base, issuer) {
  const bearer = await token({ issuer, audience: "orders", subject: "ada", scope: "orders:read orders:write" });
  return `
Five requests to try, in another terminal:

  # An open route.
  curl -i ${base}/v1/products

  # A route that needs a token, with one that is good for twelve hours.
  curl -i ${base}/v1/orders -H 'Authorization: Bearer ${bearer}'

  # A limit of five a minute being hit.
  for i in 1 2 3 4 5 6 7; do curl -s -o /dev/null -w '%{http_code} ' ${base}/v1/quote; done; echo

  # An answer from the cache: the second request does not reach the origin.
  curl -s -o /dev/null ${base}/v1/products/1; curl -si ${base}/v1/products/1 | grep -iE '^(HTTP|age|cache-status)'

  # A bad request, and the problem document that says so.
  curl -i '${base}/v1/products/1%2F2'
`;
}

guard(async () => {
  const { values } = parseArgs({
    options: { routes: { type: "string", default: join(ROOT, "routes") }, port: { type: "string", default: "8787" }, vars: { type: "string" } },
  });
  const port = await portFrom(values.port);
  const routes = resolve(values.routes);
  requireRoutes(routes);
  const given = values.vars === undefined ? {} : readVariables(values.vars);

  if (!(await build("--no-routes"))) throw new Stop("the build failed; the lines above say why");
  const variables = { ...(await origins()), ...given };
  mkdirSync(join(VARIABLES, ".."), { recursive: true });
  writeFileSync(VARIABLES, formatVariables(variables), { mode: 0o600 });
  await compileOrStop(routes, COMPILED, VARIABLES);

  say(`Starting wrangler dev on port ${port}`);
  wrangler(port);
  const base = `http://127.0.0.1:${port}`;
  await untilAnswers(base, 60_000);
  say(`${shown(routes)} is served on ${base}; Ctrl-C ends it`);
  if (routes === join(ROOT, "routes")) console.log(await examples(base, variables.ISSUER_URL));
  say(`Save a file in ${shown(routes)} and it is served within two seconds`);
  await Promise.race([watch(routes, () => serveRoutes(routes)), watch(join(ROOT, "src"), () => serveCode(routes))]);
});

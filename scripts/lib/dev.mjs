// `scripts/dev`: builds, starts the example origins and wrangler, prints what to try, and compiles the routes whenever they are saved.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { formatDevVars, formatVariables, readVariables, stateOf, Stop } from "./files.mjs";
import { startOrigins, variablesFor } from "./origins.mjs";
import { atEnd, endWith, guard, isFree, portFrom, start, untilAnswers } from "./processes.mjs";
import { build, buildOrStop, compile, compileOrStop, requireRoutes, ROOT, shown, stage, token } from "./routes.mjs";

const ORIGINS_PORT = 8788;
function say(text) {
  console.error(process.stderr.isTTY ? `\x1b[1m==>\x1b[0m ${text}` : `==> ${text}`);
}

async function origins() {
  const { port, stop } = await startOrigins((await isFree(ORIGINS_PORT)) ? ORIGINS_PORT : 0);
  atEnd(stop);
  return variablesFor(port);
}

// With a build command, wrangler looks at nothing but that command's sources: new routes would not be seen. So it gets the same
// settings without one, and builds are started here. It reads variables anew when its settings are written anew.
function configure(directory, variables) {
  const settings = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    .replace(/^\[build\]\n(?:(?!\[).*\n)*/m, "")
    .replace(/^main = .*$/m, 'main = "worker.js"');
  const secret = { mode: 0o600 };
  const forWrangler = formatDevVars(variables);
  writeFileSync(join(directory, "vars"), formatVariables(variables), secret);
  writeFileSync(join(directory, ".dev.vars"), forWrangler, secret);
  writeFileSync(join(directory, "wrangler.toml"), settings);
}

function wrangler(directory, port) {
  const command = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = ["dev", "--config", join(directory, "wrangler.toml"), "--ip", "127.0.0.1"];
  const env = { ...process.env, CI: "1" };
  const child = start(process.execPath, [command, ...args, "--port", String(port), "--show-interactive-dev-session=false"], { cwd: ROOT, env });
  endWith(child, "wrangler dev");
}

async function serveRoutes(routes, directory) {
  const broken = await compile(routes, join(directory, "routes.json"), join(directory, "vars"));
  if (broken) console.error(broken.trimEnd());
  say(broken ? "The routes as saved are not served; the last good ones are" : "New routes are served");
}

async function serveVariables(file, own, routes, directory) {
  try {
    configure(directory, { ...own, ...readVariables(file) });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`error: ${error.message}`);
    return say("The variables as saved are not used; the last good ones are");
  }
  await serveRoutes(routes, directory);
}

async function serveCode(routes, directory) {
  if (!(await build("--dev", "--no-routes"))) return say("The code as saved is not served; the last good one is");
  stage(directory);
  await serveRoutes(routes, directory);
}

/** Calls `react` whenever a file, or one below a directory, is no longer as it was when `seen` was taken, one change at a time. */
async function watch(path, seen, react) {
  for (;;) {
    await sleep(200);
    let now;
    try {
      now = stateOf(path);
    } catch {
      continue; // a file went away between being listed and being looked at
    }
    if (now === seen) continue;
    seen = now;
    await react();
  }
}

/** Whether the routes that the requests below ask for are there. */
function hasExamples(directory) {
  // Lines of the compiled file that are routes are pairs of a number and the route; others are no arrays.
  const lines = readFileSync(join(directory, "routes.json"), "utf8").split("\n");
  const ids = new Set(lines.filter((line) => line.startsWith("[")).map((line) => JSON.parse(line)[1]?.id));
  const asked = ["catalogue: GET /v1/products", "catalogue: GET /v1/products/{id}", "catalogue: GET /v1/quote", "orders: GET /v1/orders", "orders: POST /v1/orders"];
  return asked.every((id) => ids.has(id));
}

async function examples(base, issuer) {
  const bearer = await token({ issuer, audience: "orders", subject: "ada", scope: "orders:read orders:write" });
  return `
Six requests to try, in another terminal:

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

  # A body that breaks the API's rules, and what is wrong with it, place by place.
  curl -i ${base}/v1/orders -H 'Authorization: Bearer ${bearer}' -H 'Content-Type: application/json' -d '{"items":[{"product":"1","count":0}],"deliver_on":"soon"}'
`;
}

guard(async () => {
  const { values } = parseArgs({
    options: { routes: { type: "string", default: join(ROOT, "routes") }, port: { type: "string", default: "8787" }, vars: { type: "string" } },
  });
  const port = await portFrom(values.port);
  const routes = resolve(values.routes);
  requireRoutes(routes);
  const file = values.vars === undefined ? undefined : resolve(values.vars);
  const given = file === undefined ? {} : readVariables(file);
  const variablesSeen = file === undefined ? undefined : stateOf(file);

  const directory = join(ROOT, ".archway", "dev", String(port));
  mkdirSync(directory, { recursive: true });
  const sources = join(ROOT, "src");
  const [routesSeen, sourcesSeen] = [stateOf(routes), stateOf(sources)];
  await buildOrStop("--command");
  const own = await origins();
  const variables = { ...own, ...given };
  configure(directory, variables);
  await compileOrStop(routes, join(directory, "routes.json"), join(directory, "vars"));
  await buildOrStop("--dev", "--no-routes");
  stage(directory);

  say(`Starting wrangler dev on port ${port}`);
  wrangler(directory, port);
  const base = `http://127.0.0.1:${port}`;
  await untilAnswers(base, 60_000);
  say(`${shown(routes)} is served on ${base}; Ctrl-C ends it`);
  if (hasExamples(directory)) console.log(await examples(base, variables.ISSUER_URL));
  say(`Save a file in ${shown(routes)} and it is served within two seconds`);
  await Promise.race([
    ...(file === undefined ? [] : [watch(file, variablesSeen, () => serveVariables(file, own, routes, directory))]),
    watch(routes, routesSeen, () => serveRoutes(routes, directory)),
    watch(sources, sourcesSeen, () => serveCode(routes, directory)),
  ]);
});

// `scripts/dev`: builds, starts the example origins and wrangler, prints what to try, and compiles the routes whenever they are saved.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { formatVariables, readVariables, stateOf, Stop } from "./files.mjs";
import { KEY_FILE, signingKey, startOrigins, variablesFor } from "./origins.mjs";
import { atEnd, end, endWith, guard, isFree, portFrom, run, start, untilAnswers } from "./processes.mjs";
import { compile, missing, requireRoutes, ROOT, token } from "./routes.mjs";

const ORIGINS_PORT = 8788;
const COMPILED = join(ROOT, "build", "routes.json");
const VARIABLES = join(ROOT, ".archway", "dev", "vars");

function say(text) {
  console.error(process.stderr.isTTY ? `\x1b[1m==>\x1b[0m ${text}` : `==> ${text}`);
}

async function build(routes) {
  const env = { ...process.env, ARCHWAY_PROFILE: "edge-dev", ARCHWAY_ROUTES: routes };
  const { code } = await run("scripts/build", [], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], env });
  if (code !== 0) throw new Stop("the build failed; the lines above say why");
}

async function origins() {
  const { port, stop } = await startOrigins((await isFree(ORIGINS_PORT)) ? ORIGINS_PORT : 0);
  atEnd(stop);
  return variablesFor(port);
}

function wrangler(port, routes) {
  const args = ["wrangler/bin/wrangler.js", "dev", "--ip", "127.0.0.1", "--port", String(port), "--env-file", VARIABLES];
  args[0] = join(ROOT, "node_modules", args[0]);
  // Where wrangler builds again, since a Rust file was saved, broken routes must not take the last good ones away.
  const env = { ...process.env, ARCHWAY_PROFILE: "edge-dev", ARCHWAY_ROUTES: routes, ARCHWAY_KEEP_ROUTES: "1", CI: "1" };
  endWith(start(process.execPath, [...args, "--show-interactive-dev-session=false"], { cwd: ROOT, env }), "wrangler dev");
}

/** Compiles the routes whenever a file of theirs is saved; what is broken is reported and changes nothing. */
async function watch(routes) {
  let seen = stateOf(routes);
  for (;;) {
    await sleep(200);
    let now;
    try {
      now = stateOf(routes);
    } catch {
      continue; // a file went away between being listed and being looked at
    }
    if (now === seen) continue;
    seen = now;
    const broken = (await missing(routes, VARIABLES)) ?? (await compile(routes, COMPILED));
    if (broken) {
      console.error(broken.trimEnd());
      say("The routes as saved are not served; the last good ones are");
    } else {
      say("New routes are served");
    }
  }
}

async function examples(base, issuer) {
  const bearer = await token(KEY_FILE, { issuer, audience: "orders", subject: "ada", scopes: ["orders:read", "orders:write"] });
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
    options: { routes: { type: "string", default: "routes" }, port: { type: "string", default: "8787" }, vars: { type: "string" } },
  });
  const port = await portFrom(values.port);
  const routes = resolve(values.routes);
  requireRoutes(routes);
  const given = values.vars === undefined ? {} : readVariables(values.vars);

  await build(routes);
  signingKey();
  const variables = { ...(await origins()), ...given };
  mkdirSync(join(VARIABLES, ".."), { recursive: true });
  writeFileSync(VARIABLES, formatVariables(variables), { mode: 0o600 });
  const lacking = await missing(routes, VARIABLES);
  if (lacking) throw new Stop(`${lacking.trimEnd()}\n       Put what is missing into a file of NAME=value lines and give it with --vars FILE.`);

  say(`Starting wrangler dev on port ${port}`);
  wrangler(port, routes);
  const base = `http://127.0.0.1:${port}`;
  await untilAnswers(base, 60_000);
  say(`${relative(ROOT, routes) || "."} is served on ${base}; Ctrl-C ends it`);
  if (routes === join(ROOT, "routes")) console.log(await examples(base, variables.ISSUER_URL));
  say(`Save a file in ${relative(process.cwd(), routes) || "."} and it is served within two seconds`);
  await watch(routes);
  await end(0);
});

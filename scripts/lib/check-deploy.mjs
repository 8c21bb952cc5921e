// `scripts/check-deploy`: what the routes read, and whether the deployment has it.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readVariables } from "./files.mjs";
import { end, guard, run } from "./processes.mjs";
import { buildOrStop, needs, requireRoutes, ROOT } from "./routes.mjs";

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
  const total = variables.length + secrets.length;
  console.log(lacking ? `${lacking} of ${total} variables and secrets are missing` : `All ${total} variables and secrets are there`);
  await end(lacking ? 1 : 0);
});

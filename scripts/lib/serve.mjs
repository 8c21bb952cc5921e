// `scripts/serve`: the worker on a bare workerd, without wrangler. Durable Objects are on disk, the cache is in memory.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readVariables } from "./files.mjs";
import { durableObjects } from "./objects.mjs";
import { endWith, guard, portFrom, start, untilAnswers } from "./processes.mjs";
import { buildOrStop, compatibilityDate, compileOrStop, requireRoutes, ROOT, shown, stage } from "./routes.mjs";
import { encoded, WORKERD } from "./workerd.mjs";

const CACHE_BYTES = 64 << 20;

/** The Cap'n Proto configuration: the worker, its cache, its objects on disk, and the way out. */
export function configuration({ listen, names, objects, compatibilityDate }) {
  const text = (value) => JSON.stringify(value);
  const classes = durableObjects(ROOT);
  const namespaces = classes.map(({ className }) => {
    const key = `archway-${className.toLowerCase()}`;
    return `    (className = ${text(className)}, uniqueKey = ${text(key)}, enableSql = true),`;
  });
  const bindings = classes.map(({ binding, className }) => `    (name = ${text(binding)}, durableObjectNamespace = ${text(className)}),`);
  const variables = names.map((name) => `    (name = ${text(name)}, fromEnvironment = ${text(name)}),`).join("\n");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "archway", worker = .archway),
    (name = "cache", worker = .cache),
    (name = "objects", disk = (path = ${text(objects)}, writable = true)),
    (name = "internet", network = (allow = ["private", "local", "public"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [
    (name = "http", address = ${text(listen)}, http = (), service = "archway"),
  ],
);

const archway :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
    (name = "routes.json", text = embed "routes.json"),
  ],
  compatibilityDate = ${text(compatibilityDate)},
  globalOutbound = "internet",
  cacheApiOutbound = "cache",
  bindings = [
${bindings.join("\n")}
    (name = "ARCHWAY_HOST", text = "workerd"),
${variables}
  ],
  durableObjectNamespaces = [
${namespaces.join("\n")}
  ],
  durableObjectStorage = (localDisk = "objects"),
);

const cache :Workerd.Worker = (
  modules = [
    (name = "cache.js", esModule = embed "cache.js"),
  ],
  compatibilityDate = ${text(compatibilityDate)},
  bindings = [
    (name = "CACHE_BYTES", text = "${CACHE_BYTES}"),
  ],
);
`;
}

guard(async () => {
  const { values } = parseArgs({
    options: {
      routes: { type: "string", default: join(ROOT, "routes") },
      port: { type: "string", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      vars: { type: "string" },
      state: { type: "string", default: join(ROOT, ".archway", "state") },
    },
  });
  const port = await portFrom(values.port, values.host);
  const routes = resolve(values.routes);
  requireRoutes(routes);
  const variables = values.vars === undefined ? {} : readVariables(values.vars);

  const state = resolve(values.state);
  const directory = join(state, "run");
  const objects = join(state, "objects");
  mkdirSync(objects, { recursive: true });
  mkdirSync(directory, { recursive: true });
  await buildOrStop("--command");
  await compileOrStop(routes, join(directory, "routes.json"), values.vars);
  await buildOrStop("--no-routes");
  stage(directory);
  copyFileSync(join(ROOT, "scripts", "lib", "cache.js"), join(directory, "cache.js"));

  const listen = values.host.includes(":") ? `[${values.host}]:${port}` : `${values.host}:${port}`;
  const names = Object.keys(variables);
  const file = join(directory, "config.capnp");
  writeFileSync(file, configuration({ listen, names, objects, compatibilityDate: compatibilityDate() }));

  const env = { ...process.env, ...variables };
  const workerd = start(WORKERD, ["serve", "--binary", encoded(file)], { env });
  endWith(workerd, "workerd");
  await untilAnswers(`http://${listen}`, 30_000);
  console.error(`==> ${shown(routes)} is served on http://${listen}, state in ${shown(state)}`);
});

// Starts the built worker in Miniflare: the compiled routes are its `routes.json`, every fetch it makes goes to the scripted
// origins, its requests come over a socket of its own, and its clock can be moved.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { durableObjects } from "../../../scripts/lib/objects.mjs";

const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = createRequire(`${process.cwd()}/package.json`)("miniflare");

// Stands before the worker in its isolate, and changes the time of day, once it is asked to.
const CONTROL = `
import { WorkerEntrypoint } from "cloudflare:workers";
import { working } from "./runtime.js";
const RealDate = globalThis.Date;
let nowMs = () => RealDate.now();
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(nowMs());
    else super(...parts);
  }
  static now() {
    return nowMs();
  }
};
export class Control extends WorkerEntrypoint {
  async fetch(request) {
    const { to_ms, by_ms } = await request.json();
    if (to_ms !== undefined) nowMs = () => to_ms;
    if (by_ms !== undefined) {
      const before = nowMs;
      nowMs = () => before() + by_ms;
    }
    while (working.size > 0) await scheduler.wait(1);
    return new Response();
  }
}
`;

// What the worker takes from the runtime. Work that goes on after a reply is counted.
const RUNTIME = `
import { waitUntil as keepAlive } from "cloudflare:workers";
export { DurableObject, env, WorkerEntrypoint } from "cloudflare:workers";
export const working = new Set();
export function waitUntil(promise) {
  const done = () => working.delete(promise);
  working.add(promise);
  promise.then(done, done);
  keepAlive(promise);
}
`;

const ENTRY = `
export { Control } from "./control.js";
import worker from "./worker.js";
export * from "./worker.js";
// What the edge says of a connection comes in a header field here.
function seen(request) {
  const facts = request.headers.get("mf-cf-blob");
  if (facts === null) return request;
  const seen = new Request(request, { cf: JSON.parse(facts) });
  seen.headers.delete("mf-cf-blob");
  return seen;
}
export default {
  fetch(request, env, context) {
    return worker.fetch(seen(request), env, context);
  },
};
`;

// Where the worker's own fetches go: on to one server that plays every origin, the absolute URL kept.
const OUTBOUND = `
export default {
  fetch(request, env) {
    return env.ORIGINS.fetch(request);
  },
};
`;

// How workerd names an HTTP connection whose requests carry absolute URLs.
const PROXY = 1;

const DATE = "2026-11-17";

// What lies in `build` is what is deployed; `target/contracts` has two doors more.
function options(directory, routes, variables, originsPort, onLine) {
  const built = (name) => readFileSync(join(process.cwd(), directory, name));
  const classes = durableObjects(process.cwd()).map(({ binding, className }) => [binding, { className, useSQLite: true }]);
  const doors = directory === "build" ? [] : ["Contracts", "Fault"];
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    log: new Log(LogLevel.NONE),
    logRequests: false,
    telemetry: { enabled: false },
    cf: false,
    handleStructuredLogs: ({ message, level }) => onLine(level, message),
    workers: [
      {
        name: "archway",
        compatibilityDate: DATE,
        modulesRoot: "/",
        modules: [
          { type: "ESModule", path: "/entry.js", contents: ENTRY },
          { type: "ESModule", path: "/control.js", contents: CONTROL },
          { type: "ESModule", path: "/runtime.js", contents: RUNTIME },
          { type: "ESModule", path: "/worker.js", contents: built("worker.js").toString().replaceAll('"cloudflare:workers"', '"./runtime.js"') },
          { type: "CompiledWasm", path: "/index_bg.wasm", contents: built("index_bg.wasm") },
          { type: "Text", path: "/routes.json", contents: routes },
        ],
        bindings: variables,
        durableObjects: Object.fromEntries(classes),
        outboundService: "origins",
        unsafeDirectSockets: [
          { host: "127.0.0.1", port: 0, proxy: true },
          ...["Control", ...doors].map((entrypoint) => ({ host: "127.0.0.1", port: 0, entrypoint })),
        ],
      },
      {
        name: "origins",
        compatibilityDate: DATE,
        modules: [{ type: "ESModule", path: "/outbound.js", contents: OUTBOUND }],
        modulesRoot: "/",
        serviceBindings: { ORIGINS: { external: { address: `127.0.0.1:${originsPort}`, http: { style: PROXY } } } },
      },
    ],
  });
}

/** One Miniflare, used again for each set of routes. */
export class Worker {
  #miniflare;
  #lines = [];
  #waiting = [];

  /** Serves these compiled routes from now on, with a fresh isolate and empty state. */
  async start(routes, variables, originsPort, directory = "build") {
    await this.stop();
    this.#lines = [];
    this.#miniflare = new Miniflare(options(directory, routes, variables, originsPort, (level, message) => this.#line(level, message)));
    await this.#miniflare.ready;
    this.url = await this.#miniflare.unsafeGetDirectURL("archway");
    this.controlUrl = await this.#miniflare.unsafeGetDirectURL("archway", "Control");
  }

  /** What is said behind a door of `target/contracts`. */
  async behind(door) {
    const reply = await fetch(await this.#miniflare.unsafeGetDirectURL("archway", door));
    if (!reply.ok) throw new Error(`${door}: ${await reply.text()} ${JSON.stringify(this.#lines)}`);
    return reply.text();
  }

  #line(level, message) {
    this.#lines.push({ level, message });
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Stops the worker's clock at a time, `{ to_ms }`, or moves it, `{ by_ms }`, and waits until nothing of earlier requests goes on. */
  async settle(clock) {
    const reply = await fetch(this.controlUrl, { method: "POST", body: JSON.stringify(clock) });
    if (!reply.ok) throw new Error(`the worker cannot be controlled: ${await reply.text()}`);
  }

  /** The access records since this was asked last, once there are `count` of them; other lines are not counted. */
  async records(count) {
    for (;;) {
      const written = this.#lines.filter(({ message }) => message.startsWith("{"));
      if (written.length >= count) {
        this.#lines = this.#lines.filter(({ message }) => !message.startsWith("{"));
        return written.map(({ message }) => message);
      }
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Every other line. */
  lines() {
    return this.#lines;
  }

  async stop() {
    await this.#miniflare?.dispose();
    this.#miniflare = undefined;
  }
}

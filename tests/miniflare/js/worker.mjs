// Starts the built worker in Miniflare: the compiled routes are its `routes.json`, every fetch it makes goes to the scripted
// origins, its requests come over a socket of its own, and its clock can be moved.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = createRequire(`${process.cwd()}/package.json`)("miniflare");

// Stands before the worker in its isolate. It changes nothing but the time of day, and that only once it is asked to.
// How workerd names an HTTP connection whose requests carry absolute URLs.
const PROXY = 1;

const CLOCK = `
import { WorkerEntrypoint } from "cloudflare:workers";
const RealDate = globalThis.Date;
let aheadMs = 0;
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + aheadMs);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + aheadMs;
  }
};
export class Clock extends WorkerEntrypoint {
  async fetch(request) {
    aheadMs += Number(await request.text());
    return new Response(String(aheadMs));
  }
}
`;

const ENTRY = `
export { Clock } from "./clock.js";
import worker, { Limiter } from "./worker.js";
export { Limiter };
export default worker;
`;

// Where the worker's own fetches go: on to one server that plays every origin, the absolute URL kept.
const OUTBOUND = `
export default {
  fetch(request, env) {
    return env.ORIGINS.fetch(request);
  },
};
`;

const DATE = "2026-11-17";
const buildFile = (name) => readFileSync(join(process.cwd(), "build", name));

function options(routes, variables, originsPort, onLine) {
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
          { type: "ESModule", path: "/clock.js", contents: CLOCK },
          { type: "ESModule", path: "/worker.js", contents: buildFile("worker.js").toString() },
          { type: "CompiledWasm", path: "/index_bg.wasm", contents: buildFile("index_bg.wasm") },
          { type: "Text", path: "/routes.json", contents: routes },
        ],
        bindings: variables,
        durableObjects: { LIMITER: { className: "Limiter", useSQLite: true } },
        outboundService: originsPort === 0 ? undefined : "origins",
        unsafeDirectSockets: [
          { host: "127.0.0.1", port: 0, proxy: true },
          { host: "127.0.0.1", port: 0, entrypoint: "Clock" },
        ],
      },
      {
        name: "origins",
        compatibilityDate: DATE,
        modules: [{ type: "ESModule", path: "/outbound.js", contents: OUTBOUND }],
        modulesRoot: "/",
        serviceBindings: { ORIGINS: { external: { address: `127.0.0.1:${originsPort || 1}`, http: { style: PROXY } } } },
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
  async start(routes, variables, originsPort) {
    await this.stop();
    this.#lines = [];
    this.#miniflare = new Miniflare(options(routes, variables, originsPort, (level, message) => this.#line(level, message)));
    await this.#miniflare.ready;
    this.url = await this.#miniflare.unsafeGetDirectURL("archway");
    this.clockUrl = await this.#miniflare.unsafeGetDirectURL("archway", "Clock");
  }

  #line(level, message) {
    this.#lines.push({ level, message });
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Moves the worker's clock on. */
  async advance(ms) {
    const reply = await fetch(this.clockUrl, { method: "POST", body: String(ms) });
    if (!reply.ok) throw new Error(`the clock did not move: ${await reply.text()}`);
  }

  /** Waits until `count` access records were written and returns them all; other lines are not counted. */
  async records(count) {
    for (;;) {
      const records = this.#lines.map(({ message }) => message).filter((message) => message.startsWith("{"));
      if (records.length >= count) return records;
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Every line written so far, records included. */
  lines() {
    return this.#lines;
  }

  async stop() {
    await this.#miniflare?.dispose();
    this.#miniflare = undefined;
  }
}

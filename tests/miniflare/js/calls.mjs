// What the tests ask of this side: each call takes and gives JSON. Bodies are texts of bytes (Latin-1) there.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { send } from "./client.mjs";
import { Origins } from "./origins.mjs";
import { brokenOff, echo, events, leaving, webSocket } from "./streams.mjs";
import { Worker } from "./worker.mjs";

const origins = new Origins();
const worker = new Worker();
let originsPort;

/** Every call, by name. */
export const calls = {
  /** Compiles routes files, `{ name: text }`, with the native command; the compiled text. */
  compile({ files }) {
    const target = join(process.cwd(), "target");
    mkdirSync(target, { recursive: true });
    const directory = mkdtempSync(join(target, "routes-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
      const compiled = join(directory, "routes.json");
      execFileSync(process.env.ARCHWAY ?? join(target, "debug", "archway"), ["compile", directory, "-o", compiled], { stdio: "pipe" });
      return readFileSync(compiled, "utf8");
    } finally {
      rmSync(directory, { recursive: true });
    }
  },

  /** Serves compiled routes with these variables. */
  async start({ routes, variables }) {
    originsPort ??= await origins.listen();
    await worker.start(routes, variables, originsPort);
  },

  /** Writes the origins' script anew and forgets what they have seen. */
  script({ origins: wanted }) {
    origins.script(wanted);
  },

  /** One request. */
  send: (request) => send(worker, request),

  /** The same request many times at once; the answers. */
  sendMany: ({ request, count }) => Promise.all(Array.from({ length: count }, () => send(worker, request))),

  /** What the origins have seen since the script was written. */
  seen: () => origins.calls,

  /** Exchanges of `streams.mjs`. */
  echo: (wanted) => echo(worker, origins, wanted),
  events: (wanted) => events(worker, origins, wanted),
  webSocket: (wanted) => webSocket(worker, origins, wanted),
  brokenOff: (wanted) => brokenOff(worker, origins, wanted),
  leaving: (wanted) => leaving(worker, origins, wanted),

  /** A text as `gzip` or `br` has it. */
  compressed: ({ coding, text }) => (coding === "gzip" ? gzipSync(text) : brotliCompressSync(text)).toString("latin1"),

  /** Moves the worker's clock. */
  advance: ({ ms }) => worker.advance(ms),

  /** The access records, once there are so many. */
  records: ({ count }) => worker.records(count),

  /** Every line the worker has written. */
  lines: () => worker.lines(),
};

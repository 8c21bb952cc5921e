// What the tests ask of this side: each call takes and gives JSON. Bodies are texts of bytes (Latin-1) there.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { send } from "./client.mjs";
import { Origins } from "./origins.mjs";
import { brokenOff, echo, events, hanging, leaving, stalling, webSocket } from "./streams.mjs";
import { Worker } from "./worker.mjs";

const origins = new Origins();
const worker = new Worker();
let originsPort;

const CODINGS = { identity: [(text) => text, (body) => body], gzip: [gzipSync, gunzipSync], br: [brotliCompressSync, brotliDecompressSync] };

/** Every call, by name. */
export const calls = {
  /** Compiles routes files, `{ name: text }`, with the native command; the compiled text. */
  compile({ files }) {
    const target = join(process.cwd(), "target");
    mkdirSync(target, { recursive: true });
    const directory = mkdtempSync(join(target, "routes-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
      const compiled = join(directory, "routes.json");
      execFileSync(process.env.ARCHWAY ?? join(target, "debug", "archway"), ["compile", directory, "-o", compiled], { stdio: "pipe" });
      return readFileSync(compiled, "utf8");
    } catch (error) {
      throw new Error(String(error.stderr ?? error));
    } finally {
      rmSync(directory, { recursive: true });
    }
  },

  /** Serves compiled routes with these variables. */
  async start({ routes, variables }) {
    originsPort ??= await origins.listen();
    await worker.start(routes, variables, originsPort);
  },

  /** Starts the build with more doors, with these compiled routes and variables. */
  async startContracts({ routes, variables }) {
    originsPort ??= await origins.listen();
    await worker.start(routes, variables, originsPort, "target/contracts");
  },

  /** What is said behind such a door. */
  behind: ({ door }) => worker.behind(door),

  /**
   * A request waits for its origin while the wasm faults; another comes and waits as well. The first's origin answers, a third
   * request passes, and only then the second's origin answers. The second's and the third's bodies.
   */
  async acrossAFault({ url, third }) {
    const held = () => new Promise((resolve) => origins.next((_, response) => resolve((body) => response.end(body))));
    await worker.behind("Fault");
    const first = held();
    send(worker, { method: "GET", url, headers: [], body: "" }).catch(() => {});
    const answerFirst = await first;
    await worker.behind("Fault");
    const second = held();
    const kept = send(worker, { method: "GET", url, headers: [], body: "" });
    const answerSecond = await second;
    answerFirst("the first's");
    const passed = await send(worker, { method: "GET", url: third, headers: [], body: "" });
    answerSecond("the second's");
    return [(await kept).body, passed.body];
  },

  /** Writes the origins' script anew and forgets what they have seen. */
  script({ origins: wanted }) {
    origins.script(wanted);
  },

  /** One request. */
  send: (request) => send(worker, request),

  /** The same request many times at once; the answers. */
  sendMany: ({ request, count }) => Promise.all(Array.from({ length: count }, () => send(worker, request))),

  /** What the origins have seen since they were asked last. */
  seen: () => origins.calls.splice(0),

  /** Exchanges of `streams.mjs`. */
  echo: (wanted) => echo(worker, origins, wanted),
  events: (wanted) => events(worker, origins, wanted),
  webSocket: (wanted) => webSocket(worker, origins, wanted),
  brokenOff: (wanted) => brokenOff(worker, origins, wanted),
  hanging: (wanted) => hanging(worker, origins, wanted),
  leaving: (wanted) => leaving(worker, origins, wanted),
  stalling: (wanted) => stalling(worker, origins, wanted),

  /** A text as a content coding has it, and back. */
  compressed: ({ coding, text }) => CODINGS[coding][0](Buffer.from(text)).toString("latin1"),
  decompressed: ({ coding, body }) => CODINGS[coding][1](Buffer.from(body, "latin1")).toString(),

  /** Stops the worker's clock at a time. */
  stopClock: ({ ms }) => worker.settle({ to_ms: ms }),

  /** Moves the worker's clock; afterwards nothing of earlier requests goes on. */
  advance: ({ ms }) => worker.settle({ by_ms: ms }),

  /** The files of a directory of the crate, by name. */
  files: ({ directory }) => Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")])),

  /** The access records since they were asked for last, once there are so many. */
  records: ({ count }) => worker.records(count),

  /** Every other line the worker has written. */
  lines: () => worker.lines(),
};

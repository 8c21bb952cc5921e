// Measures Archway on a bare workerd against a bare pass-through and against Hono, in one run and interleaved.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { durableObjects } from "../objects.mjs";
import { encoded, WORKERD } from "../workerd.mjs";
import { audience, connections, CORE, firstOf, issuer, jwks, loggedIn, paths, plain, POLICIES, requestsOf, routesOf } from "./rows.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const options = parse(process.argv.slice(2));
const plan = options.quick ? { warm: 2, rounds: 5, seconds: 0.8, starts: 9 } : { warm: 5, rounds: 15, seconds: 1.5, starts: 15 };
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "archway-bench-"));
const children = [];

function parse(args) {
  const found = { quick: false, json: undefined, only: undefined };
  while (args.length > 0) {
    const arg = args.shift();
    if (arg === "--quick") found.quick = true;
    else if (arg === "--json") found.json = args.shift();
    else if (arg === "--rows") found.only = args.shift()?.split(",");
    else {
      console.error("usage: scripts/bench [--quick] [--json FILE] [--rows NAME,NAME]");
      process.exit(arg === "--help" ? 0 : 2);
    }
  }
  return found;
}

const pinned = (core, command, args) =>
  os.cpus().length > 1 && spawnSync("taskset", ["-V"]).status === 0 ? ["taskset", ["-c", String(core), command, ...args]] : [command, args];

function start(core, command, args, settings) {
  const child = spawn(...pinned(core, command, args), settings);
  children.push(child);
  return child;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Writes the runtime's configuration for one worker, as `scripts/serve` does, and gives its file. */
function configuration(name, port, modules, bindings = [], objects = false) {
  const dir = path.join(scratch, name);
  fs.mkdirSync(path.join(dir, "state"), { recursive: true });
  const embedded = modules.map(([module, kind, file]) => {
    fs.copyFileSync(file, path.join(dir, path.basename(module)));
    return `(name = "${module}", ${kind} = embed "${path.basename(module)}")`;
  });
  const texts = bindings.map(([key, value]) => `(name = "${key}", text = ${JSON.stringify(value)})`);
  const classes = objects ? durableObjects(root) : [];
  for (const { binding, className } of classes) texts.push(`(name = "${binding}", durableObjectNamespace = "${className}")`);
  const namespaces = classes.map(({ className }) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`);
  const file = path.join(dir, "config.capnp");
  fs.writeFileSync(
    file,
    `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["private", "local", "public"])),
    (name = "state", disk = (path = ${JSON.stringify(path.join(dir, "state"))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [${embedded.join(", ")}],
  compatibilityDate = "2026-11-17",
  bindings = [${texts.join(", ")}],
  globalOutbound = "internet",
  ${objects ? `durableObjectNamespaces = [${namespaces.join(", ")}],\n  durableObjectStorage = (localDisk = "state"),` : ""}
);
`,
  );
  return encoded(file);
}

const archway = (name, port, compiled) =>
  configuration(
    name,
    port,
    [
      ["worker.js", "esModule", path.join(root, "build/worker.js")],
      ["index_bg.wasm", "wasm", path.join(root, "build/index_bg.wasm")],
      ["routes.json", "text", compiled],
    ],
    [["ARCHWAY_HOST", "workerd"]],
    true,
  );

const sample = (values, share = 0.5) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
const median = (values) => sample(values);

function cpuUs(pid) {
  let total = 0;
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    total += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1000;
  }
  return total;
}

/** Starts a runtime and waits for its first answer; gives the process and the milliseconds that took. */
async function serve(file, port, request) {
  const log = fs.openSync(`${file}.log`, "w");
  const began = process.hrtime.bigint();
  const child = start(0, WORKERD, ["serve", "--binary", file], { stdio: ["ignore", log, log] });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`workerd ended:\n${fs.readFileSync(`${file}.log`, "utf8")}`);
    const status = await ask(port, request);
    if (status === 200) return { child, ms: Number(process.hrtime.bigint() - began) / 1e6 };
    if (status !== undefined) throw new Error(`the first answer was ${status}:\n${fs.readFileSync(`${file}.log`, "utf8").slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const ask = (port, request) =>
  new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(request));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(Number(data.latin1Slice(9, 12)));
    });
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });

const ended = (child) => new Promise((resolve) => (child.exitCode !== null ? resolve() : child.once("exit", resolve).kill("SIGKILL")));

async function main() {
  const loader = start(1, process.execPath, [path.join(here, "load.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: loader.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value);
  const { origin } = await answer();
  const order = (what) => {
    loader.stdin.write(`${JSON.stringify(what)}\n`);
    return answer();
  };

  const bundled = path.join(scratch, "hono.mjs");
  buildSync({ entryPoints: [path.join(here, "hono.js")], bundle: true, format: "esm", minify: true, outfile: bundled, logLevel: "error" });
  const target = `http://127.0.0.1:${origin}`;
  const honoBindings = [["ORIGIN", target], ["JWKS", JSON.stringify(jwks)], ["PATHS", JSON.stringify(paths)], ["ISSUER", issuer], ["AUDIENCE", audience]];
  const passthrough = (name, port) =>
    configuration(name, port, [["worker.js", "esModule", path.join(here, "passthrough.js")]], [["ORIGIN", target]]);
  const made = (name) => {
    if (name.startsWith("passthrough")) return { file: (port) => passthrough(name, port) };
    if (name === "hono") return { file: (port) => configuration("hono", port, [["worker.js", "esModule", bundled]], honoBindings) };
    const { compiled, key } = routesOf(name, origin, { root, directory: scratch });
    return { file: (port) => archway(name, port, compiled), key };
  };
  const wanted = options.only ?? (options.quick ? CORE : [...CORE, ...POLICIES]);
  const rows = wanted.map((name) => {
    const { file, key } = made(name);
    return { name, file, requests: requestsOf(name, key, Math.max(plan.seconds, plan.warm)) };
  });

  for (const row of rows) {
    row.port = await freePort();
    row.child = (await serve(row.file(row.port), row.port, firstOf(row.name, row.requests))).child;
    row.requests = (await loggedIn(row.name, row.port)) ?? row.requests;
    row.rounds = [];
  }
  const load = (row, seconds) => order({ port: row.port, requests: row.requests(), seconds, connections });
  // Until the runtime's compilers have seen each row for a while, they are what is measured.
  for (const row of rows) await load(row, plan.warm);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const row of rows) {
      const before = cpuUs(row.child.pid);
      const result = await load(row, plan.seconds);
      if (result.failed > 0) throw new Error(`${row.name}: ${result.failed} requests failed, such as\n${result.sample}`);
      row.rounds.push({ ...result, cpu_us: (cpuUs(row.child.pid) - before) / result.answered });
    }
  }
  const rss = rows.filter((row) => row.name === "jwt").map((row) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${row.child.pid}/status`, "utf8"))[1]) / 1024)[0];
  for (const row of rows) await ended(row.child);

  // Ratios are made round by round, so that a drift of the machine's speed cancels out. A row whose requests have bodies is
  // compared with what passes such bodies through.
  const ratio = (row, other) => {
    const size = /_\d+k$/.exec(row.name)?.[0] ?? "";
    const base = rows.find((candidate) => candidate.name === (other === "passthrough" ? other + size : other));
    return base ? median(row.rounds.map((round, i) => round.cpu_us / base.rounds[i].cpu_us)) : null;
  };
  const table = rows.map((row) => ({
    name: row.name,
    cpu_us: median(row.rounds.map((round) => round.cpu_us)),
    rps: median(row.rounds.map((round) => round.rps)),
    p50_ms: median(row.rounds.map((round) => round.p50_ms)),
    p99_ms: median(row.rounds.map((round) => round.p99_ms)),
    to_passthrough: ratio(row, "passthrough"),
    to_hono: ratio(row, "hono"),
  }));

  const starts = { empty: [], archway: [], large: [] };
  const small = routesOf("proxy", origin, { root, directory: scratch }).compiled;
  const large = routesOf("proxy", origin, { root, directory: scratch, count: 10_000 }).compiled;
  const tenThousand = plain[0].replace(/^GET \S+/, "GET /v3/collection-3/12345");
  const port = await freePort();
  const started = [
    ["empty", configuration("empty", port, [["worker.js", "esModule", path.join(here, "empty.js")]]), plain[0]],
    ["archway", archway("start", port, small), plain[0]],
    ["large", archway("start-large", port, large), tenThousand],
  ];
  for (let i = 0; i < plan.starts; i += 1) {
    for (const [name, file, request] of started) {
      const { child, ms } = await serve(file, port, request);
      starts[name].push(ms);
      await ended(child);
    }
  }
  const wasm = fs.readFileSync(path.join(root, "build/index_bg.wasm"));
  const result = {
    rows: table,
    wasm_bytes: wasm.length,
    wasm_gzip_bytes: gzipSync(wasm, { level: 9 }).length,
    start_ms_over_empty: median(starts.archway) - median(starts.empty),
    start_ms_empty: median(starts.empty),
    load_ms_9000_more_routes: median(starts.large) - median(starts.archway),
    rss_mib: rss ?? null,
  };
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  print(result);
}

function print(result) {
  const number = (value, digits) => (value === null ? "-" : value.toFixed(digits));
  console.log(`CPU per request of the whole workerd process, ${plan.rounds} interleaved rounds of ${plan.seconds} s, ${connections} connections; medians.\n`);
  console.log("row              CPU us   req/s  p50 ms  p99 ms  x passthrough  x hono");
  for (const row of result.rows) {
    const cells = [number(row.cpu_us, 0).padStart(7), number(row.rps, 0).padStart(7), number(row.p50_ms, 2).padStart(7), number(row.p99_ms, 2).padStart(7)];
    console.log(`${row.name.padEnd(15)} ${cells.join(" ")} ${number(row.to_passthrough, 2).padStart(14)} ${number(row.to_hono, 2).padStart(7)}`);
  }
  if (options.only) return;
  console.log(`\nwasm ${(result.wasm_bytes / 1024).toFixed(0)} KB, gzip ${(result.wasm_gzip_bytes / 1024).toFixed(0)} KB`);
  console.log(`start to first answer: ${number(result.start_ms_over_empty, 1)} ms over an empty worker's ${number(result.start_ms_empty, 1)} ms; 9,000 more routes: ${number(result.load_ms_9000_more_routes, 1)} ms`);
  console.log(`memory of the process after the row jwt: ${number(result.rss_mib, 0)} MiB`);
}

try {
  await main();
} finally {
  for (const child of children) child.kill("SIGKILL");
  fs.rmSync(scratch, { recursive: true, force: true });
}
process.exit(0);

// Child processes that never outlive the script: each leads a group of its own, and the end of the script ends every group.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Stop } from "./files.mjs";

const GRACE_MS = 4000;
const running = new Set();
const closers = new Set();
let ending = false;

/** Starts a command in a group of its own. */
export function start(command, args, options = {}) {
  if (ending) throw new Stop("the script is ending");
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options, detached: true });
  running.add(child);
  child.once("error", () => running.delete(child));
  return child;
}

/** Runs a command to its end and settles with its exit code and what it wrote. */
export async function run(command, args, options = {}) {
  const child = start(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const [code] = await once(child, "close");
  running.delete(child);
  return { code: code ?? 1, ...output };
}

/** Has `close` called when the script ends. */
export function atEnd(close) {
  closers.add(close);
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has ended by itself.
  }
}

const ended = (child) => child.exitCode !== null || child.signalCode !== null;

/** Ends every group, at first politely, and then the script. */
export async function end(code) {
  if (ending) return;
  ending = true;
  for (const child of running) signal(child, "SIGTERM");
  for (const close of closers) close();
  const deadline = Date.now() + GRACE_MS;
  while ([...running].some((child) => !ended(child)) && Date.now() < deadline) await sleep(25);
  // What the leader of a group has left behind goes too.
  for (const child of running) signal(child, "SIGKILL");
  process.exit(code);
}

/** Runs `main` so that a signal, a closed terminal and an error each end the script and its children. */
export function guard(main) {
  process.on("SIGINT", () => end(130));
  process.on("SIGTERM", () => end(143));
  process.on("SIGHUP", () => end(129));
  process.stdout.on("error", () => end(1));
  process.stderr.on("error", () => end(1));
  main().catch((error) => {
    if (ending) return;
    const misused = error.code?.startsWith("ERR_PARSE_ARGS");
    console.error(error instanceof Stop || misused ? `error: ${error.message}` : error);
    if (misused) console.error("       --help tells what there is");
    end(misused ? 2 : 1);
  });
}

/** Ends the script when `child`, which should go on for ever, ends. */
export function endWith(child, name) {
  child.once("error", (error) => {
    console.error(`error: ${name} cannot be started: ${error.message}`);
    end(1);
  });
  child.once("exit", (code, by) => {
    if (ending) return;
    console.error(`error: ${name} has ended (${by ?? `exit code ${code}`})`);
    end(code || 1);
  });
}

/** Whether `port` of `host` is free. */
export async function isFree(port, host = "127.0.0.1") {
  const server = createServer();
  try {
    await new Promise((ready, refused) => server.once("error", refused).listen(port, host, ready));
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Reads a port number from the command line and makes sure that nobody listens there. */
export async function portFrom(text, host) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Stop(`--port: expected a number from 1 to 65535, found '${text}'`);
  if (!(await isFree(port, host))) throw new Stop(`port ${port} is in use: stop what listens there, or choose another with --port`);
  return port;
}

/** Waits until `url` answers anything at all, and settles with the time it took in milliseconds. */
export async function untilAnswers(url, withinMs) {
  const started = Date.now();
  while (Date.now() - started < withinMs) {
    if (ending) return undefined;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: "manual" });
      await response.body?.cancel();
      return Date.now() - started;
    } catch {
      await sleep(50);
    }
  }
  throw new Stop(`${url} does not answer within ${withinMs / 1000} s`);
}

// A script that runs while a test looks at it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../routes.mjs";

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Tries until `attempt` gives something other than undefined or false; fails after `withinMs`. */
export async function until(what, withinMs, attempt) {
  const started = Date.now();
  for (;;) {
    const found = await attempt();
    if (found) return { found, afterMs: Date.now() - started };
    assert.ok(Date.now() - started < withinMs, `${what}: not within ${withinMs} ms`);
    await sleep(20);
  }
}

/** Starts a script of scripts/; `text()` is all it said, `stop()` ends it as Ctrl-C does and settles with its exit code. */
export function startScript(name, args) {
  const mark = `archway-test-${process.pid}-${name}`;
  const child = spawn(`scripts/${name}`, args, { cwd: ROOT, env: { ...process.env, ARCHWAY_TEST_MARK: mark }, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (more) => (text += more));
  const ended = once(child, "close").then(([code]) => code);
  return {
    text: () => text,
    ended,
    async stop() {
      child.kill("SIGINT");
      return ended;
    },
    leftovers: () => processesWith(mark),
  };
}

/** Runs a script to its end. */
export async function runScript(name, args) {
  const script = startScript(name, args);
  const code = await script.ended;
  return { code, text: script.text() };
}

// The processes that inherited the mark in their environment, where the system tells (Linux does).
function processesWith(mark) {
  let entries;
  try {
    entries = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
  return entries.filter((entry) => {
    try {
      return readFileSync(`/proc/${entry}/environ`, "latin1").includes(mark);
    } catch {
      return false;
    }
  });
}

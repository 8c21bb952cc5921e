// The native command, as the scripts use it: compile, check, token.
import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stop } from "./files.mjs";
import { run } from "./processes.mjs";

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The native command. */
export const ARCHWAY = join(ROOT, "target", "debug", "archway");

/** The date whose runtime behaviour the worker is written for. */
export function compatibilityDate() {
  return /^compatibility_date = "([\d-]+)"/m.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8"))[1];
}

const colour = process.stderr.isTTY && !process.env.NO_COLOR ? { CLICOLOR_FORCE: "1" } : {};

async function archway(...args) {
  return run(ARCHWAY, args, { env: { ...process.env, ...colour } });
}

/** Refuses what is not a directory of routes files. */
export function requireRoutes(directory) {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) throw new Stop(`--routes: '${directory}' is not a directory`);
}

/**
 * Compiles `directory` into `file` in one step: a reader sees the old routes or the new ones. Settles with what is wrong, or with
 * nothing: mistakes in the routes, or variables and secrets that they read and the file `variables` does not have.
 */
export async function compile(directory, file, variables = "/dev/null") {
  const next = `${file}.${process.pid}.next`;
  for (const args of [
    ["check", directory, "--vars", variables],
    ["compile", directory, "-o", next],
  ]) {
    const { code, stdout, stderr } = await archway(...args);
    if (code !== 0) return stderr || stdout;
  }
  renameSync(next, file);
  return undefined;
}

/** As `compile`, and ends the script where something is wrong. */
export async function compileOrStop(directory, file, variables) {
  const wrong = await compile(directory, file, variables);
  if (!wrong) return;
  console.error(wrong.trimEnd());
  throw new Stop("the routes cannot be served; the lines above say why. Variables and secrets are read from --vars FILE, lines of NAME=value");
}

/** Mints a token with the development key. */
export async function token(keyFile, { issuer, audience, subject, scopes }) {
  const { code, stdout, stderr } = await archway(
    "token", "--key", keyFile, "--issuer", issuer, "--audience", audience, "--subject", subject, "--scope", scopes.join(" "), "--expires-in", "12h",
  );
  if (code !== 0) throw new Stop(`no development token: ${stderr}`);
  return stdout.trim();
}

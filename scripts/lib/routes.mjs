// The native command, as the scripts use it: compile, check, token.
import { existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
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

/** Compiles `directory` into `file` in one step: a reader sees the old routes or the new ones. Gives the errors, or nothing. */
export async function compile(directory, file) {
  const next = `${file}.${process.pid}.next`;
  const { code, stdout, stderr } = await archway("compile", directory, "-o", next);
  if (code !== 0) {
    rmSync(next, { force: true });
    return stderr || stdout;
  }
  renameSync(next, file);
  return undefined;
}

/** Names the variables and secrets that the routes of `directory` read and `variables`, a file, does not have; or nothing. */
export async function missing(directory, variables) {
  const { code, stdout, stderr } = await archway("check", directory, "--vars", variables);
  return code === 0 ? undefined : stderr || stdout;
}

/** Mints a token with the development key. */
export async function token(keyFile, { issuer, audience, subject, scopes }) {
  const { code, stdout, stderr } = await archway(
    "token", "--key", keyFile, "--issuer", issuer, "--audience", audience, "--subject", subject, "--scope", scopes.join(" "), "--expires-in", "12h",
  );
  if (code !== 0) throw new Stop(`no development token: ${stderr}`);
  return stdout.trim();
}

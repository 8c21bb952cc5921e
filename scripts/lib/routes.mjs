// The native command and the build, as the scripts use them.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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

/** A path as it is told to people. */
export function shown(path) {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short || ".";
}

const KEY = join(ROOT, ".archway", "dev", "signing-key.pem");

/** Runs scripts/build with these arguments; whether it went well. What it says is seen. */
export async function build(...args) {
  const { code } = await run(join(ROOT, "scripts", "build"), args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  return code === 0;
}

/** As `build`, and ends the script where it fails. */
export async function buildOrStop(...args) {
  if (!(await build(...args))) throw new Stop("the build failed; the lines above say why");
}

/** Copies the built worker into `directory`, where its own routes stand beside it: what runs is not touched by other builds. */
export function stage(directory) {
  for (const name of ["index_bg.wasm", "worker.js"]) {
    const next = join(directory, `${name}.next`);
    copyFileSync(join(ROOT, "build", name), next);
    renameSync(next, join(directory, name));
  }
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
  const { code, stdout, stderr } = await archway("compile", shown(directory), "--vars", variables, "-o", file);
  return code === 0 ? undefined : stderr || stdout;
}

/** As `compile`, and ends the script where something is wrong. */
export async function compileOrStop(directory, file, variables) {
  const wrong = await compile(directory, file, variables);
  if (!wrong) return;
  console.error(wrong.trimEnd());
  throw new Stop("the routes cannot be served; the lines above say why. Variables and secrets are read from --vars FILE, lines of NAME=value");
}

/** The names of the variables and secrets that the routes of `directory` read. */
export async function needs(directory) {
  const { code, stdout, stderr } = await archway("check", directory, "--format", "json");
  if (code !== 0) {
    const text = await archway("check", directory);
    console.error((text.stderr || stderr).trimEnd());
    throw new Stop("the routes are broken; the lines above say why");
  }
  const { variables, secrets } = JSON.parse(stdout);
  return { variables, secrets };
}

/** The public half of the development key, as a JWKS; the key is made once, so that a token outlives a restart. */
export async function developmentKeys() {
  mkdirSync(dirname(KEY), { recursive: true });
  const { code, stdout, stderr } = existsSync(KEY) ? await archway("token", "--key", KEY, "--jwks") : await archway("token", "--new-key", KEY);
  if (code !== 0) throw new Stop(`no development key: ${stderr.trim()}`);
  return stdout;
}

/** Mints a token with the development key. */
export async function token({ issuer, audience, subject, scope }) {
  const { code, stdout, stderr } = await archway(
    ...["token", "--key", KEY, "--iss", issuer, "--aud", audience, "--sub", subject, "--scope", scope, "--expires", "12h"],
  );
  if (code !== 0) throw new Stop(`no development token: ${stderr.trim()}`);
  return stdout.trim();
}

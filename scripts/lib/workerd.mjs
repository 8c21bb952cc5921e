// workerd's configuration: written as text, run in workerd's own binary form.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Stop } from "./files.mjs";
import { ROOT } from "./routes.mjs";

/** The runtime. */
export const WORKERD = join(ROOT, "node_modules", ".bin", "workerd");

/**
 * The binary form of the configuration in `file`, for `workerd serve --binary`. It holds every file that the text embeds: workerd
 * starts sooner from it, and needs nothing beside it. It is made anew only where something has changed.
 */
export function encoded(file) {
  const made = file.replace(/\.capnp$/, ".bin");
  const text = readFileSync(file, "utf8");
  const digest = createHash("sha256").update(text);
  for (const [, name] of text.matchAll(/embed "([^"]+)"/g)) digest.update(readFileSync(join(dirname(file), name)));
  const stamp = digest.digest("hex");
  if (existsSync(made) && existsSync(`${made}.stamp`) && readFileSync(`${made}.stamp`, "utf8") === stamp) return made;
  const { status, stdout, stderr } = spawnSync(WORKERD, ["compile", "--config-only", file], { maxBuffer: Infinity });
  if (status !== 0) throw new Stop(`workerd cannot read its configuration:\n${stderr}`);
  writeFileSync(`${made}.next`, stdout);
  renameSync(`${made}.next`, made);
  writeFileSync(`${made}.stamp`, stamp);
  return made;
}

// The Durable Objects of the worker: wrangler.toml names them, everything else follows it.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Each as `{ binding, className }`. */
export function durableObjects(root) {
  const text = readFileSync(join(root, "wrangler.toml"), "utf8");
  const found = [...text.matchAll(/^\[\[durable_objects\.bindings\]\]\nname = "(\w+)"\nclass_name = "(\w+)"$/gm)];
  return found.map(([, binding, className]) => ({ binding, className }));
}

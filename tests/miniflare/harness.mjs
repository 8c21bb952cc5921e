// The bridge from the tests in wasm to the JavaScript beside this file, which stays where it is: the working directory is the crate's.
import { pathToFileURL } from "node:url";

const { calls } = await import(pathToFileURL(`${process.cwd()}/tests/miniflare/js/calls.mjs`).href);

/** Calls by name, JSON in and JSON out. */
export async function call(name, argument) {
  return JSON.stringify((await calls[name](JSON.parse(argument))) ?? null);
}

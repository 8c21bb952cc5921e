// The bridge from the tests in wasm to the JavaScript beside this file, which stays where it is: the working directory is the crate's.
import { pathToFileURL } from "node:url";

const { calls } = await import(pathToFileURL(`${process.cwd()}/tests/miniflare/js/calls.mjs`).href);

// What has not ended by then never will: a hang becomes a failure with a name.
const HANGS_MS = 30_000;

/** Calls by name, JSON in and JSON out. */
export async function call(name, argument) {
  let watch;
  const hang = new Promise((_, reject) => {
    watch = setTimeout(() => reject(new Error(`nothing more happened within ${HANGS_MS} ms`)), HANGS_MS);
  });
  try {
    return JSON.stringify((await Promise.race([calls[name](JSON.parse(argument)), hang])) ?? null);
  } catch (error) {
    throw error.message;
  } finally {
    clearTimeout(watch);
  }
}

// A Chromium for the tests: the machine's own, or the one that an npm package carries for Linux with the libraries it needs.
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ELSEWHERE = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/** Why there is no browser, or `{ executablePath, env }`. */
async function found() {
  const directories = (process.env.PATH ?? "").split(delimiter);
  const own = directories.flatMap((directory) => NAMES.map((name) => join(directory, name))).concat(ELSEWHERE);
  const installed = own.find((path) => existsSync(path));
  if (installed !== undefined) return { executablePath: installed, env: process.env };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `no Chromium is installed, and the npm package has none for ${process.platform} ${process.arch}`;
  }
  // The package unpacks into the directory for temporary files, and its libraries only where it believes to be in a lambda.
  const directory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "archway", "chromium-153.0.0");
  mkdirSync(directory, { recursive: true });
  const before = { TMPDIR: process.env.TMPDIR, AWS_EXECUTION_ENV: process.env.AWS_EXECUTION_ENV };
  Object.assign(process.env, { TMPDIR: directory, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" });
  const { default: packed } = await import("@sparticuz/chromium");
  const executablePath = await packed.executablePath();
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return { executablePath, env: { ...process.env, LD_LIBRARY_PATH: join(directory, "al2023", "lib") } };
}

/** A browser that is running, or why there is none. */
export async function launch() {
  const browser = await found();
  if (typeof browser === "string") return browser;
  try {
    return await chromium.launch({ ...browser, headless: true, args: FLAGS });
  } catch (error) {
    return `Chromium does not start: ${error.message.split("\n", 1)[0]}`;
  }
}

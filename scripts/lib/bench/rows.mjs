// What is measured: the routes, the policies of each row, and the requests that it gets.
import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { signIn, startProvider } from "./provider.mjs";

export const connections = 16;
export const issuer = "https://issuer.example/";
export const audience = "bench";

/** What every run measures; the first is what the others are compared with. */
export const CORE = ["passthrough", "hono", "proxy", "jwt", "jwt_rate_limit"];

/** One policy each, on a route that everybody may call; measured by whole runs and by name. */
export const POLICIES = ["api_key", "session", "jwt_cached", "jwt_rs256", "jwt_es256", "waf", "passthrough_1k", "proxy_1k", "waf_1k", "validate_1k", "passthrough_64k", "proxy_64k", "validate_64k"];

// One thousand routes of twenty collections, as a catalogue of APIs would have them.
export const paths = Array.from({ length: 1000 }, (_, i) => {
  const collection = `/v1/collection-${i % 20}/things-${Math.floor(i / 20)}`;
  return i % 3 === 0 ? `${collection}/{id}` : i % 3 === 1 ? `${collection}/{id}/parts/{part}` : collection;
});
const concrete = (route) => route.replace("{id}", "12345").replace("{part}", "7");

const keys = {
  RS256: crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const jwk = (alg) => ({ ...keys[alg].publicKey.export({ format: "jwk" }), kid: "bench", alg, use: "sig" });
export const jwks = { keys: [jwk("RS256")] };
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function mint(alg, subject) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 7200, scope: "things:read", org: { tenant: "acme" } };
  const message = `${base64url({ alg, typ: "JWT", kid: "bench" })}.${base64url(claims)}`;
  const signature = crypto.sign("sha256", Buffer.from(message), { key: keys[alg].privateKey, dsaEncoding: "ieee-p1363" });
  return `${message}.${signature.toString("base64url")}`;
}

/** A request as a browser sends it: twelve header fields, and what the row adds. */
function request(i, fields = [], body = undefined) {
  const head = [
    `${body === undefined ? "GET" : "POST"} ${concrete(paths[(i * 131) % paths.length])}?page=2&size=20 HTTP/1.1`,
    "host: api.example.com",
    "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "accept: application/json, text/plain;q=0.9, */*;q=0.8",
    "accept-language: en-GB,en;q=0.9",
    "accept-encoding: gzip, deflate, br",
    "cookie: theme=dark; region=eu; visit=0123456789abcdef",
    "referer: https://www.example.com/things",
    "sec-fetch-site: same-site",
    "sec-fetch-mode: cors",
    "sec-fetch-dest: empty",
    "cache-control: no-cache",
    ...fields,
  ];
  if (body !== undefined) head.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return `${head.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

// Four paths for each connection, and one caller for each connection.
const times = (make) => Array.from({ length: 4 * connections }, (_, i) => make(i));
export const plain = times((i) => request(i));
const bearers = (alg) => Array.from({ length: connections }, (_, i) => `authorization: Bearer ${mint(alg, `caller-${i}`)}`);
const signed = (tokens) => times((i) => request(i, [tokens[i % connections]]));

/** An order of about `bytes` bytes of JSON. */
function order(bytes) {
  const item = (i) => ({ sku: `sku-${i}`, title: `A thing, number ${i}: blue & "round"`, quantity: (i % 9) + 1, price: 12.5, tags: ["new", "for sale"] });
  const written = { customer: "ann@example.com", note: "Please ring twice; the bell's broken.", items: [item(0)] };
  while (Buffer.byteLength(JSON.stringify(written)) < bytes) written.items.push(item(written.items.length));
  return JSON.stringify(written);
}

const ORDER = {
  type: "object",
  required: ["customer", "items"],
  additionalProperties: false,
  properties: {
    customer: { type: "string", maxLength: 200 },
    note: { type: "string", maxLength: 2000 },
    items: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["sku", "quantity"],
        additionalProperties: false,
        properties: {
          sku: { type: "string", pattern: "^sku-[0-9]+$" },
          title: { type: "string", minLength: 1 },
          quantity: { type: "integer", minimum: 1, maximum: 99 },
          price: { type: "number", exclusiveMinimum: 0 },
          tags: { type: "array", items: { type: "string" }, uniqueItems: true },
        },
      },
    },
  },
};

const jwtPolicy = (alg) => {
  const key = jwk(alg);
  const material = alg === "RS256" ? `kty = "RSA", n = "${key.n}", e = "${key.e}"` : `kty = "EC", crv = "P-256", x = "${key.x}", y = "${key.y}"`;
  return `{ jwt = { issuer = "${issuer}", audience = "${audience}", jwks_inline = { keys = [{ ${material}, kid = "bench", alg = "${alg}", use = "sig" }] } } }`;
};

const NAMED = {
  ids: `{ request_id = {} }`,
  edits: `{ headers = { request = { set = { "x-gateway" = "bench", "x-forwarded-scheme" = "http" }, remove = ["cookie"] }, response = { set = { "x-served-by" = "bench" }, remove = ["x-origin"] } } }`,
  caller: jwtPolicy("RS256"),
  caller_es256: jwtPolicy("ES256"),
  fair: `{ rate_limit = { key = "identity", limits = ["10000000/min"] } }`,
  known: `{ api_key = {} }`,
  browser: `{ oidc = { issuer = "${await startProvider()}", client = { id = "bench" }, public_url = "https://api.example.com" } }`,
  shield: `{ waf = {} }`,
  valid: `{ validate = { body = "order.json" } }`,
};

/** The policies of a row; those without one of identity are public. */
const CHAINS = {
  proxy: [],
  proxy_1k: [],
  proxy_64k: [],
  jwt: ["ids", "edits", "caller"],
  jwt_rate_limit: ["ids", "edits", "caller", "fair"],
  api_key: ["known"],
  session: ["browser"],
  jwt_cached: ["caller"],
  jwt_rs256: ["caller"],
  jwt_es256: ["caller_es256"],
  waf: ["shield"],
  waf_1k: ["shield"],
  validate_1k: ["valid"],
  validate_64k: ["valid"],
};
const IDENTITY = ["caller", "caller_es256", "known", "browser"];

/** Compiles the routes files of a row into `directory`; the compiled file, and the API key of their one consumer. */
export function routesOf(row, origin, { root, directory, count = paths.length }) {
  const dir = path.join(directory, `routes-${row}-${count}`);
  fs.mkdirSync(dir, { recursive: true });
  const archway = (...args) => {
    const made = spawnSync(path.join(root, "target/debug/archway"), args, { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`archway ${args.join(" ")}:\n${made.stdout}${made.stderr}`);
    return made.stdout;
  };
  const chain = CHAINS[row];
  const sample = row.startsWith("jwt") && chain.includes("ids") ? "100%" : "0%";
  fs.writeFileSync(
    path.join(dir, "gateway.toml"),
    `[gateway]\nname = "bench"\n[gateway.record]\nsample = "${sample}"\n[origins.things]\ntargets = [{ url = "http://127.0.0.1:${origin}" }]\n`,
  );
  if (chain.includes("valid")) fs.writeFileSync(path.join(dir, "order.json"), JSON.stringify(ORDER));
  const key = chain.includes("known") ? archway("key", "new", "--consumer", "bench", "--routes", dir).trim().split(/\s+/).find((word) => word.includes("_live_")) : undefined;
  const open = !chain.some((name) => IDENTITY.includes(name));
  const all = count === paths.length ? paths : Array.from({ length: count }, (_, i) => `/v${i % 7}/collection-${i}/{id}`);
  const api = [
    `[api]\nname = "bench"\npolicies = [${chain.map((name) => `"${name}"`).join(", ")}]`,
    `[policies]`,
    ...chain.map((name) => `${name} = ${NAMED[name]}`),
    ...all.map((route) => `[[routes]]\nmatch = "GET,POST ${route}"\norigin = "things"\n${open ? "public = true" : ""}`),
  ];
  fs.writeFileSync(path.join(dir, "bench.toml"), `${api.join("\n")}\n`);
  const compiled = `${dir}.json`;
  archway("compile", dir, "-o", compiled);
  return { compiled, key };
}

/** What a row is first asked, until it answers: something that it answers to everybody with 200. */
export const firstOf = (row, requests) => (row === "session" ? request(0).replace(/^GET \S+/, "GET /.archway/oidc/logout") : requests()[0]);

/** The requests of a row whose callers have to log in at the running worker first. */
export async function loggedIn(row, port) {
  if (row !== "session") return undefined;
  const cookies = [];
  while (cookies.length < connections) cookies.push(await signIn(port, concrete(paths[0])));
  const requests = times((i) => request(i).replace(/^cookie: .*$/m, (field) => `${field}; ${cookies[i % connections]}`));
  return () => requests;
}

/** The requests of a row in a round of so many seconds; those of most rows are the same in every round. */
export function requestsOf(row, key, seconds) {
  // As many as no machine answers on one core: a token that comes again is one that the gateway remembers.
  const fresh = (alg) => Array.from({ length: Math.ceil(4_000 * seconds) }, (_, i) => request(i, [`authorization: Bearer ${mint(alg, `caller-${crypto.randomUUID()}`)}`]));
  const fixed = (requests) => () => requests;
  switch (row) {
    case "api_key":
      return fixed(times((i) => request(i, [`x-api-key: ${key}`])));
    case "hono":
    case "jwt":
    case "jwt_cached":
    case "jwt_rate_limit":
      return fixed(signed(bearers("RS256")));
    case "jwt_rs256":
      return () => fresh("RS256");
    case "jwt_es256":
      return () => fresh("ES256");
    default: {
      const size = /_(\d+)k$/.exec(row)?.[1];
      const body = size === undefined ? undefined : order(Number(size) * 1024);
      return fixed(times((i) => request(i, [], body)));
    }
  }
}

// The cache behind the Cache API on a bare workerd: a worker of its own in the same process, its entries in memory.
// workerd asks with GET (`only-if-cached`), stores with PUT, whose body is a whole HTTP/1.1 response, and deletes with PURGE.
import { env } from "cloudflare:workers";

const BUDGET = Number(env.CACHE_BYTES);
const LARGEST = Math.floor(BUDGET / 8);

// The map keeps the order of use: the first entry is the one not used for longest. All of it is plain data, which requests may share.
const entries = new Map();
let used = 0;

function remove(key) {
  const entry = entries.get(key);
  if (!entry) return false;
  entries.delete(key);
  used -= entry.size;
  return true;
}

function insert(key, entry) {
  remove(key);
  entries.set(key, entry);
  used += entry.size;
  for (const oldest of entries.keys()) {
    if (used <= BUDGET) break;
    remove(oldest);
  }
}

function touch(key) {
  const entry = entries.get(key);
  if (!entry) return undefined;
  entries.delete(key);
  if (entry.expiresAt <= Date.now()) {
    used -= entry.size;
    return undefined;
  }
  entries.set(key, entry);
  return entry;
}

// Reads all of `stream`, or gives up once it is longer than an entry may be.
async function readAll(stream) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    if (length > LARGEST) return undefined;
    chunks.push(chunk);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

function endOfHead(bytes) {
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

// Field values are bytes: ISO 8859-1 keeps every one of them (RFC 9110 section 5.5).
const latin1 = new TextDecoder("latin1");

function parse(bytes) {
  const end = endOfHead(bytes);
  if (end < 0) return undefined;
  const [statusLine, ...lines] = latin1.decode(bytes.subarray(0, end)).split("\r\n");
  const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(statusLine)?.[1]);
  if (!(status >= 200 && status <= 599)) return undefined;
  const headers = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) return undefined;
    headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return { status, headers, body: bytes.slice(end + 4) };
}

// How long a shared cache may answer from this, in milliseconds (RFC 9111 section 4.2.1); 0 where it may not.
function lifetimeMs(headers) {
  const fields = (name) => headers.filter(([field]) => field === name).map(([, value]) => value);
  const control = fields("cache-control").join(",").toLowerCase();
  if (/(?:^|[\s,])(?:no-store|private|no-cache)(?:$|[\s,=])/.test(control)) return 0;
  const seconds = /(?:^|[\s,])s-maxage="?(\d+)/.exec(control) ?? /(?:^|[\s,])max-age="?(\d+)/.exec(control);
  if (seconds) return Number(seconds[1]) * 1000;
  const [expires] = fields("expires");
  const until = expires === undefined ? Number.NaN : Date.parse(expires);
  return Number.isNaN(until) ? 0 : Math.max(0, until - Date.now());
}

const withoutBody = (status) => status === 204 || status === 205 || status === 304;

async function match(request) {
  const entry = touch(request.url);
  if (!entry) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
  const headers = new Headers(entry.headers);
  headers.set("cf-cache-status", "HIT");
  // "manual": the body is stored as it was sent, so a content-encoding must not be applied once more.
  return new Response(withoutBody(entry.status) ? null : entry.body, { status: entry.status, headers, encodeBody: "manual" });
}

async function put(request) {
  const bytes = await readAll(request.body);
  const response = bytes && parse(bytes);
  const lifetime = response ? lifetimeMs(response.headers) : 0;
  if (lifetime <= 0) {
    remove(request.url);
    return new Response(null, { status: bytes ? 204 : 413 });
  }
  const headers = response.headers.filter(([name]) => name !== "transfer-encoding" && name !== "connection");
  const entry = { status: response.status, headers, body: response.body, expiresAt: Date.now() + lifetime, size: bytes.length + 2 * request.url.length + 256 };
  insert(request.url, entry);
  return new Response(null, { status: 204 });
}

export default {
  fetch(request) {
    switch (request.method) {
      case "GET":
        return match(request);
      case "PUT":
        return put(request);
      case "PURGE":
        return new Response(null, { status: remove(request.url) ? 200 : 404 });
      default:
        return new Response(null, { status: 405, headers: { allow: "GET, PUT, PURGE" } });
    }
  },
};

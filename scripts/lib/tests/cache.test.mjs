// The cache service of a bare workerd, spoken to as workerd's Cache API speaks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { compatibilityDate } from "../routes.mjs";

const BUDGET = 64 << 10;
let service;

before(() => {
  const script = readFileSync(new URL("../cache.js", import.meta.url), "utf8");
  const options = { modules: true, script, compatibilityDate: compatibilityDate(), bindings: { CACHE_BYTES: String(BUDGET) } };
  service = new Miniflare(convertV4MiniflareOptions(options));
});
after(() => service.dispose());

const url = (name) => `http://cache.example/${name}`;

async function put(name, head, body = "") {
  const whole = Buffer.concat([Buffer.from(`HTTP/1.1 ${head.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
  const response = await service.dispatchFetch(url(name), { method: "PUT", body: whole });
  return response.status;
}

async function get(name) {
  return service.dispatchFetch(url(name), { headers: { "cache-control": "only-if-cached" } });
}

async function isStored(name) {
  const response = await get(name);
  await response.arrayBuffer();
  assert.equal(response.headers.get("cf-cache-status"), response.status === 504 ? "MISS" : "HIT");
  return response.status !== 504;
}

test("a stored response comes back with its status, its fields and every byte", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
  assert.equal(await put("bytes", ["203 Whatever", "cache-control: max-age=60", "x-note: caf\xe9", "etag: \"1\""], bytes), 204);
  const response = await get("bytes");
  assert.equal(response.status, 203);
  assert.equal(response.headers.get("cf-cache-status"), "HIT");
  assert.equal(response.headers.get("etag"), '"1"');
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
});

test("an encoded body is not encoded once more", async () => {
  await put("gzip", ["200 OK", "cache-control: max-age=60", "content-encoding: gzip"], gzipSync("plain"));
  const response = await get("gzip");
  assert.equal(await response.text(), "plain");
});

for (const [fields, stored] of [
  [["cache-control: max-age=60"], true],
  [["cache-control: public, s-maxage=60, max-age=0"], true],
  [["expires: Fri, 01 Jan 2100 00:00:00 GMT"], true],
  [["cache-control: max-age=60, s-maxage=0"], false],
  [["cache-control: max-age=60", "cache-control: no-store"], false],
  [["cache-control: private, max-age=60"], false],
  [["cache-control: no-cache, max-age=60"], false],
  [["cache-control: max-age=0"], false],
  [["expires: 0"], false],
  [["expires: Thu, 01 Jan 2015 00:00:00 GMT"], false],
  [["etag: \"1\""], false],
]) {
  test(`${fields.join(" and ")}: ${stored ? "stored" : "not stored"}`, async () => {
    await put("fields", ["200 OK", "cache-control: max-age=60"], "old");
    await put("fields", ["200 OK", ...fields], "new");
    assert.equal(await isStored("fields"), stored);
  });
}

for (const head of [["nonsense"], ["200 OK", "no colon"], ["100 Continue", "cache-control: max-age=60"]]) {
  test(`${head.join(" / ")}: not stored`, async () => {
    await put("malformed", head);
    assert.equal(await isStored("malformed"), false);
  });
}

test("what is purged is gone", async () => {
  await put("purged", ["200 OK", "cache-control: max-age=60"], "x");
  const purge = async () => (await service.dispatchFetch(url("purged"), { method: "PURGE" })).status;
  assert.equal(await purge(), 200);
  assert.equal(await isStored("purged"), false);
  assert.equal(await purge(), 404);
});

test("what is too large is refused, and takes the older response with it", async () => {
  await put("large", ["200 OK", "cache-control: max-age=60"], "small");
  assert.equal(await put("large", ["200 OK", "cache-control: max-age=60"], Buffer.alloc(BUDGET / 8)), 413);
  assert.equal(await isStored("large"), false);
});

test("where the budget is used up, what was not used for longest goes", async () => {
  const body = Buffer.alloc(BUDGET / 16);
  for (let number = 0; number < 10; number += 1) await put(`lru-${number}`, ["200 OK", "cache-control: max-age=60"], body);
  assert.equal(await isStored("lru-0"), true);
  for (let number = 10; number < 20; number += 1) await put(`lru-${number}`, ["200 OK", "cache-control: max-age=60"], body);
  assert.equal(await isStored("lru-0"), true);
  assert.equal(await isStored("lru-1"), false);
  assert.equal(await isStored("lru-19"), true);
});

test("many at once do not mix", async () => {
  const names = Array.from({ length: 100 }, (_, number) => `many-${number}`);
  await Promise.all(names.map((name) => put(name, ["200 OK", "cache-control: max-age=60"], name)));
  const bodies = await Promise.all(names.map(async (name) => (await get(name)).text()));
  assert.deepEqual(bodies, names);
});

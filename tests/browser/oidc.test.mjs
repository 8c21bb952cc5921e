// Login with a real browser at a real provider, and what an attacker may try on the way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { until } from "../../scripts/lib/tests/running.mjs";
import { launch } from "./chromium.mjs";
import { startGateway } from "./gateway.mjs";

let browser;
let gateway;
let missing;

before(async () => {
  browser = await launch();
  if (typeof browser === "string") {
    missing = browser;
    console.error(`tests of the browser are skipped: ${missing}`);
    return;
  }
  gateway = await startGateway();
});

after(async () => {
  if (missing !== undefined) return;
  await browser?.close();
  await gateway?.stop();
});

/** A test with a browser that nobody has used. */
function journey(name, body) {
  test(name, async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const person = await browser.newContext();
    person.setDefaultTimeout(60_000);
    gateway.application.seen();
    try {
      await body(person, await person.newPage());
    } finally {
      await person.close();
    }
  });
}

/** Fills in the provider's pages, wherever the browser got there from; who has agreed before is not asked again. */
async function signIn(page, name) {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
  const agree = page.getByRole("button", { name: "Continue" });
  await Promise.race([agree.waitFor(), page.waitForURL((url) => url.origin !== gateway.provider.issuer)]);
  if (new URL(page.url()).origin === gateway.provider.issuer) await agree.click();
}

const ours = async (person) => (await person.cookies(gateway.url)).filter(({ name }) => name.startsWith("archway-"));
const sessions = async (person) => (await ours(person)).filter(({ name }) => !name.includes("-login-"));
const cookieField = (cookies) => cookies.map(({ name, value }) => `${name}=${value}`).join("; ");

/** A request outside of the browser, with its cookies. (What fetch says of itself cannot be changed.) */
async function ask(path, cookies, headers = {}, method = "GET") {
  const fields = { ...headers, ...(cookies.length > 0 && { cookie: cookieField(cookies) }) };
  const sent = request(new URL(path, gateway.direct), { method, headers: { host: new URL(gateway.url).host, ...fields } }).end();
  const [response] = await once(sent, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode, location: response.headers.location, cookies: response.headers["set-cookie"] ?? [], body };
}

const FORGED = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", origin: "https://evil.example" };
const PAGE_LOAD = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "text/html" };

/** Begins a login outside of the browser, and gives the browser its cookie. */
async function begin(person, path) {
  const { status, location, cookies } = await ask(path, [], PAGE_LOAD);
  assert.equal(status, 303);
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookies[0]);
  await person.addCookies([{ name, value, url: gateway.url, httpOnly: true, sameSite: "Lax" }]);
  return new URL(location);
}

async function refused(page, code) {
  await page.waitForURL(`${gateway.url}/**`);
  await page.getByText(code, { exact: true }).waitFor();
}

journey("a deep link survives the login, and tokens stay at the gateway", async (person, page) => {
  await page.goto(`${gateway.url}/app/orders/7?tab=items&q=a%20b`);
  assert.ok(page.url().startsWith(gateway.provider.issuer), page.url());
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/orders/7?tab=items&q=a%20b`);
  const [seen] = gateway.application.seen();
  assert.equal(seen.url, "/app/orders/7?tab=items&q=a%20b");
  assert.equal(seen.headers["x-caller"], "ann");
  assert.equal(seen.headers["x-mail"], "ann@example.com");
  assert.equal(seen.headers.authorization, undefined);
  assert.doesNotMatch(seen.headers.cookie ?? "", /archway-/);
  const cookies = await ours(person);
  assert.equal(cookies.length, 1, "the login's own cookie is gone");
  assert.ok(cookies[0].httpOnly && cookies[0].sameSite === "Lax" && cookies[0].value.length === 43);
});

journey("scripts get 401 and not a redirect; with a session they pass, and other sites' forms do not", async (person, page) => {
  await page.goto(`${gateway.url}/bye`);
  const call = (method) =>
    page.evaluate(async (method) => {
      const response = await fetch("/app/api", { method });
      return [response.status, response.redirected, response.headers.get("content-type")];
    }, method);
  assert.deepEqual(await call("GET"), [401, false, "application/problem+json"]);
  assert.deepEqual(await call("POST"), [401, false, "application/problem+json"]);
  await page.goto(`${gateway.url}/app/home`);
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/home`);
  assert.deepEqual(await call("GET"), [200, false, "text/html"]);
  assert.deepEqual(await call("POST"), [200, false, "text/html"]);
  const forged = await ask("/app/api", await ours(person), FORGED, "POST");
  assert.equal(forged.status, 403);
});

journey("two tabs that log in at once both arrive where they wanted to", async (person, page) => {
  const other = await person.newPage();
  await page.goto(`${gateway.url}/app/first`);
  await other.goto(`${gateway.url}/app/second`);
  assert.equal((await ours(person)).length, 2, "each has a login of its own");
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/first`);
  await signIn(other, "ann");
  await other.waitForURL(`${gateway.url}/app/second`);
  assert.equal((await sessions(person)).length, 1);
});

journey("twenty requests with a token that is over make one token request", async (person, page) => {
  await page.goto(`${gateway.url}/short/page`);
  await signIn(page, "bob");
  await page.waitForURL(`${gateway.url}/short/page`);
  const arrivedMs = Date.now();
  const first = gateway.application.seen().at(-1).headers.authorization;
  assert.match(first, /^Bearer ./);
  const cookies = await sessions(person);
  await until("the token is over", 30_000, () => Date.now() - arrivedMs > 1_500);
  const before = gateway.provider.asked("refresh_token");
  const replies = await Promise.all(Array.from({ length: 20 }, (_, number) => ask(`/short/${number}`, cookies)));
  assert.deepEqual(replies.map(({ status }) => status), Array(20).fill(200));
  const tokens = new Set(gateway.application.seen().map(({ headers }) => headers.authorization));
  assert.equal(gateway.provider.asked("refresh_token") - before, 1);
  assert.equal(tokens.size, 1);
  assert.ok(!tokens.has(first), "the origin gets the new token");
});

journey("logging out ends the session here and at the provider", async (person, page) => {
  await page.goto(`${gateway.url}/app/home`);
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/home`);
  const stolen = await sessions(person);
  assert.equal((await ask("/app/x", stolen)).status, 200);
  assert.equal((await ask("/.archway/oidc/logout", stolen, FORGED, "POST")).status, 403);
  await page.goto(`${gateway.url}/.archway/oidc/logout`);
  assert.equal((await ask("/app/x", stolen)).status, 200, "an address that was typed asks first");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${gateway.provider.issuer}/**`);
  await page.getByRole("button", { name: /yes/i }).click();
  await page.waitForURL((url) => url.href.startsWith(`${gateway.url}/bye`));
  assert.equal((await sessions(person)).length, 0);
  assert.equal((await ask("/app/x", stolen)).status, 401);
  await page.goto(`${gateway.url}/app/home`);
  assert.ok(page.url().startsWith(gateway.provider.issuer), "the provider asks for a password again");
  await page.locator("input[name=login]").waitFor();
});

journey("a logout at the provider ends the session here", async (person, page) => {
  await page.goto(`${gateway.url}/app/home`);
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/home`);
  const cookies = await sessions(person);
  assert.equal((await ask("/app/x", cookies)).status, 200);
  await page.goto(`${gateway.provider.issuer}/session/end`);
  await page.getByRole("button", { name: /yes/i }).click();
  await page.waitForLoadState();
  await until("the provider has told the gateway", 30_000, async () => (await ask("/app/x", cookies)).status === 401);
});

journey("a forged logout token ends nothing", async () => {
  const form = (body) => fetch(`${gateway.url}/.archway/oidc/backchannel-logout`, { method: "POST", body: new URLSearchParams(body) });
  for (const body of [{}, { logout_token: "" }, { logout_token: "eyJhbGciOiJub25lIn0.e30." }]) {
    assert.equal((await form(body)).status, 400, JSON.stringify(body));
  }
});

journey("a login that another browser has begun is refused", async (person, page) => {
  const url = await begin(person, "/app/home");
  const victim = await browser.newContext();
  try {
    await page.goto(url.href);
    const callback = page.waitForRequest((request) => request.url().includes("/callback"));
    await page.route("**/callback?**", (route) => route.abort());
    await signIn(page, "eve").catch(() => undefined);
    const target = (await callback).url();
    const other = await victim.newPage();
    await other.goto(target);
    await refused(other, "login-failed");
    assert.equal((await sessions(victim)).length, 0);
  } finally {
    await victim.close();
  }
});

for (const parameter of ["state", "nonce", "code_challenge"]) {
  journey(`a login whose ${parameter} was changed on the way is refused`, async (person, page) => {
    const url = await begin(person, "/app/home");
    const value = url.searchParams.get(parameter);
    url.searchParams.set(parameter, value.replace(/^./, (first) => (first === "A" ? "B" : "A")));
    await page.goto(url.href);
    await signIn(page, "ann");
    await refused(page, "login-failed");
    assert.equal((await sessions(person)).length, 0);
  });
}

journey("the way back from a login is good once", async (person, page) => {
  const url = await begin(person, "/app/home");
  const before = await ours(person);
  const callback = page.waitForRequest((request) => request.url().includes("/callback"));
  await page.goto(url.href);
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/home`);
  const { pathname, search } = new URL((await callback).url());
  for (const cookies of [before, await ours(person)]) {
    const again = await ask(`${pathname}${search}`, cookies);
    assert.equal(again.status, 400);
    assert.ok(!again.cookies.some((text) => /^archway-[0-9a-f]+=./.test(text)), "no session");
  }
});

journey("a session that was planted before the login is not the one after it", async (person, page) => {
  await begin(person, "/app/home");
  const name = (await ours(person))[0].name.replace(/-login-.*/, "");
  const value = "A".repeat(43);
  await person.addCookies([{ name, value, url: gateway.url, httpOnly: true, sameSite: "Lax" }]);
  await page.goto(`${gateway.url}/app/home`);
  await signIn(page, "ann");
  await page.waitForURL(`${gateway.url}/app/home`);
  const [session] = await sessions(person);
  assert.equal(session.name, name);
  assert.notEqual(session.value, value);
  assert.equal((await ask("/app/x", [{ name, value }])).status, 401);

  // The next login has a new id again, and the one before it is over.
  const renewed = await begin(person, "/app/again");
  await page.goto(renewed.href);
  await page.waitForURL(`${gateway.url}/app/again`);
  const [next] = await sessions(person);
  assert.notEqual(next.value, session.value);
  await until("the session before is over", 30_000, async () => (await ask("/app/x", [session])).status === 401);
});

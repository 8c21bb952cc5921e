// An OpenID Connect provider that lets everybody in: what the row `session` logs in at before it is measured.
import crypto from "node:crypto";
import http from "node:http";

const key = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Starts it on this machine; its URL. It ends with the process. */
export async function startProvider() {
  // A code is the nonce that its ID token will have.
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const now = Math.floor(Date.now() / 1000);
    const answers = {
      "/.well-known/openid-configuration": () => ({ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }),
      "/jwks": () => ({ keys: [{ ...key.publicKey.export({ format: "jwk" }), kid: "bench", alg: "ES256", use: "sig" }] }),
      "/token": () => {
        const nonce = new URLSearchParams(Buffer.concat(chunks).toString()).get("code");
        const claims = { iss: issuer, aud: "bench", sub: `user-${nonce}`, iat: now, exp: now + 600, nonce };
        const message = `${base64url({ alg: "ES256", kid: "bench" })}.${base64url(claims)}`;
        const signature = crypto.sign("sha256", Buffer.from(message), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
        return { access_token: nonce, token_type: "Bearer", expires_in: 7200, id_token: `${message}.${signature.toString("base64url")}` };
      },
    };
    const answer = answers[request.url]?.();
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

/** Logs in as a browser does, at a path that asks for it: the cookie of the session. */
export async function signIn(port, path) {
  // Not fetch, which says itself what kind of request it is.
  const at = (target, headers) =>
    new Promise((resolve, reject) => {
      const answered = (response) => response.resume().once("end", () => resolve(response));
      http.get({ host: "127.0.0.1", port, path: target, headers }, answered).once("error", reject);
    });
  const cookie = (response) => response.headers["set-cookie"][0].split(";")[0];
  const begun = await at(path, { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" });
  if (begun.statusCode !== 303) throw new Error(`no login begins: ${begun.statusCode}`);
  const asked = new URL(begun.headers.location).searchParams;
  const back = `${new URL(asked.get("redirect_uri")).pathname}?${new URLSearchParams({ state: asked.get("state"), code: asked.get("nonce") })}`;
  const done = await at(back, { cookie: cookie(begun) });
  if (done.statusCode !== 303) throw new Error(`no login: ${done.statusCode}`);
  return cookie(done);
}

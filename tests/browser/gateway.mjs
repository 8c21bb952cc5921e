// The gateway on a bare workerd, an application behind it, and a provider beside it.
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startScript, until } from "../../scripts/lib/tests/running.mjs";
import { startProvider } from "./provider.mjs";

const ROUTES = `
[api]
name = "app"

[policies]
login = { oidc = {
  issuer = "\${ISSUER}",
  client = { id = "app", secret = { secret = "CLIENT_SECRET" } },
  scopes = ["openid", "email"],
  userinfo = true,
  after_logout = "/bye",
} }
short = { oidc = {
  issuer = "\${ISSUER}",
  client = { id = "short", secret = { secret = "CLIENT_SECRET" } },
  path = "/.archway/short",
  forward_access_token = true,
} }

[origins.app]
targets = [{ url = "\${APP_URL}" }]

[[routes]]
match = "/app/{*rest}"
origin = "app"
policies = ["login", { csrf = {} }, { headers = { request = { set = { "x-caller" = "{claim.sub}", "x-mail" = "{claim.email}" } } } }]

[[routes]]
match = "/short/{*rest}"
origin = "app"
policies = ["short"]

[[routes]]
match = "GET /bye"
public = true
static = { body = "<!doctype html><title>Bye</title><p>Bye.", headers = { "content-type" = "text/html" } }
`;

/** A page that shows what its request was. */
async function startApplication() {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>Application</title><p id="url">${request.url.replace(/[<&]/g, "")}</p>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** What it was asked since this was called last. */
    seen: () => seen.splice(0),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Starts all three. The provider has another site than the gateway: browsers know that one as localhost. */
export async function startGateway() {
  const directory = mkdtempSync(join(tmpdir(), "archway-browser-"));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const direct = `http://127.0.0.1:${port}`;
  const application = await startApplication();
  const provider = await startProvider(url, direct);
  const file = (name, text) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  mkdirSync(join(directory, "routes"));
  file("routes/app.toml", ROUTES);
  const vars = file("vars", `ISSUER=${provider.issuer}\nAPP_URL=${application.url}\nCLIENT_SECRET=${provider.secret}\n`);
  const options = ["--routes", join(directory, "routes"), "--port", String(port), "--vars", vars, "--state", join(directory, "state")];
  const script = startScript("serve", options);
  const stop = async () => {
    await script.stop();
    provider.stop();
    application.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  let over = false;
  script.ended.then(() => (over = true));
  try {
    await until("the gateway listens", 600_000, () => {
      if (over) throw new Error(`the gateway does not start: ${script.text()}`);
      return script.text().includes("is served on");
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, direct, provider, application, text: script.text, stop };
}

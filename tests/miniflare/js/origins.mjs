// Scripted origins: one HTTP server on loopback that plays every origin. The worker's runtime sends it absolute URLs, so that
// it knows which origin was meant, whatever its name and scheme.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const withoutBody = (status) => status === 204 || status === 304;

/** Plays origins and keeps what they have seen. */
export class Origins {
  #server;
  #scripts = [];
  #pending = [];
  /** Every request, in order: `{ method, url, headers, body }`. The host stands in the URL; `Host` itself only where it differs. */
  calls = [];

  /** Listens; returns the port. */
  async listen() {
    this.#server = createServer({ requireHostHeader: false }, (request, response) => this.#serve(request, response));
    this.#server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
    this.#server.keepAliveTimeout = 0;
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this.#server.address().port;
  }

  /**
   * What origins do: `[{ authority, path, acts: [{ status, headers, body, after_ms, refuse }] }]`, where `path` may be absent and
   * the last act repeats. Those with a path come before those without.
   */
  script(origins) {
    this.#scripts = origins.map((origin) => ({ ...origin, acts: [...origin.acts] }));
    this.calls = [];
    this.#pending = [];
  }

  /** Hands the next request to `play(request, response)` instead of the script, before its body is read. */
  next(play) {
    this.#pending.push(play);
  }

  #act(url) {
    const fitting = this.#scripts.filter(({ authority, path }) => authority === url.host && (path ?? url.pathname) === url.pathname);
    const script = fitting.find(({ path }) => path !== undefined && path !== null) ?? fitting[0];
    if (!script) return { refuse: "nobody listens there" };
    return script.acts.length > 1 ? script.acts.shift() : script.acts[0];
  }

  async #serve(request, response) {
    const play = this.#pending.shift();
    if (play) return play(request, response);
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return response.destroy();
    }
    const body = Buffer.concat(chunks);
    const act = this.#act(new URL(request.url));
    this.calls.push({
      method: request.method,
      url: request.url,
      headers: pairs(request.rawHeaders),
      body: body.toString("latin1"),
      sha256: createHash("sha256").update(body).digest("hex"),
    });
    if (act.refuse !== undefined && act.refuse !== null) return request.socket.destroy();
    if (act.after_ms) await new Promise((resolve) => setTimeout(resolve, act.after_ms));
    const status = act.status || 200;
    const content = Buffer.from(act.body ?? "", "latin1");
    const told = new Set((act.headers ?? []).map(([name]) => name.toLowerCase()));
    const headers = (act.headers ?? []).flat();
    if (!withoutBody(status) && !told.has("content-length") && !told.has("transfer-encoding")) headers.push("content-length", String(content.length));
    response.sendDate = false;
    response.writeHead(status, headers);
    response.end(withoutBody(status) || request.method === "HEAD" ? undefined : content);
  }

  #upgrade(request, socket) {
    const play = this.#pending.shift();
    if (play) play(request, socket);
    else socket.destroy();
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Header fields as they came, in pairs. */
export function pairs(rawHeaders) {
  const fields = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) fields.push([rawHeaders[at].toLowerCase(), rawHeaders[at + 1]]);
  return fields;
}

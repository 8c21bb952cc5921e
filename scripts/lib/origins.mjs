// The example origins: one small server on loopback that plays every service named in routes/. `scripts/dev` starts it;
// `node scripts/lib/origins.mjs [PORT]` starts it alone, beside `scripts/serve` for example.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { developmentKeys } from "./routes.mjs";

const PRODUCTS = [
  { id: "1", name: "Anvil", price: "49.00" },
  { id: "2", name: "Rope, 20 m", price: "12.50" },
  { id: "3", name: "Lantern", price: "8.20" },
];

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sendJson(response, status, value, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

// What reached the origin: the way to see what a gateway did to a request.
async function echo(request, response, status = 200) {
  const body = await bodyOf(request);
  sendJson(response, status, { method: request.method, path: request.url, headers: request.headers, body_bytes: body.length });
}

/** A fresh set of services: counters start at zero. */
function services(keySet) {
  const served = new Map();
  let orders = 0;

  // Cacheable: `served` tells how often the origin was asked.
  function catalogue(request, response, path) {
    const count = (served.get(path) ?? 0) + 1;
    served.set(path, count);
    const headers = { "cache-control": "public, max-age=60" };
    if (path === "/products") return sendJson(response, 200, { products: PRODUCTS, served: count }, headers);
    const product = PRODUCTS.find(({ id }) => path === `/products/${id}`);
    if (!product) return sendJson(response, 404, { error: "no such product" });
    const etag = `"product-${product.id}"`;
    return sendJson(response, 200, { ...product, served: count }, { ...headers, etag });
  }

  async function ordersService(request, response, path) {
    if (request.method === "GET" && path === "/orders") {
      return sendJson(response, 200, { orders, seen_headers: request.headers });
    }
    if (request.method === "POST" && path === "/orders") {
      const body = await bodyOf(request);
      orders += 1;
      return sendJson(response, 201, { id: String(orders), bytes: body.length }, { location: `/orders/${orders}` });
    }
    if (request.method === "GET" && /^\/orders\/\d+$/.test(path)) {
      return sendJson(response, 200, { id: path.slice(8), caller: request.headers["x-caller"] ?? null, at: new Date().toISOString() });
    }
    return sendJson(response, 404, { error: "no such order" });
  }

  // What lasts: events one by one, an answer that is late, a body of many megabytes.
  async function live(request, response, path, query) {
    if (path === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      const count = Number(query.get("count") ?? 5);
      for (let number = 1; number <= count && !response.destroyed; number += 1) {
        response.write(`id: ${number}\ndata: {"tick":${number}}\n\n`);
        await sleep(Number(query.get("every_ms") ?? 500));
      }
      return response.end();
    }
    if (path === "/slow") {
      await sleep(Number(query.get("ms") ?? 2000));
      return sendJson(response, 200, { late: true });
    }
    if (path === "/bytes") {
      const chunk = Buffer.alloc(1 << 16, "archway ");
      const chunks = Number(query.get("mib") ?? 1) * 16;
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": chunks * chunk.length });
      return pipeline(Readable.from(repeat(chunk, chunks)), response);
    }
    return sendJson(response, 404, { error: "no such stream" });
  }

  function issuer(request, response, path) {
    if (path === "/jwks.json") return sendJson(response, 200, keySet, { "cache-control": "max-age=300" });
    return sendJson(response, 404, { error: "nothing here" });
  }

  return { catalogue, orders: ordersService, live, issuer, echo: (request, response) => echo(request, response) };
}

function* repeat(chunk, times) {
  for (let made = 0; made < times; made += 1) yield chunk;
}

/** Starts the origins on 127.0.0.1:`port` (0: any free port); settles with the server's port and a way to stop it. */
export async function startOrigins(port) {
  const byName = services(JSON.parse(await developmentKeys()));
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://origin");
    const [, name, rest = "/"] = /^\/([^/]*)(\/.*)?$/.exec(url.pathname) ?? [];
    try {
      if (Object.hasOwn(byName, name)) await byName[name](request, response, rest, url.searchParams);
      else sendJson(response, 404, { error: "no such service" });
    } catch (error) {
      response.destroy(error);
    }
  });

  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (!request.url.startsWith("/live/socket")) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on("error", () => client.terminate());
      client.on("message", (message, binary) => client.send(message, { binary }));
    });
  });

  await new Promise((ready, refused) => server.once("error", refused).listen(port, "127.0.0.1", ready));
  return {
    port: server.address().port,
    stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The variables that routes/ reads, for origins on `port`. */
export function variablesFor(port) {
  const base = `http://127.0.0.1:${port}`;
  return { CATALOGUE_URL: `${base}/catalogue`, ORDERS_URL: `${base}/orders`, LIVE_URL: `${base}/live`, ISSUER_URL: `${base}/issuer` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await startOrigins(Number(process.argv[2] ?? 8788));
  for (const [name, value] of Object.entries(variablesFor(port))) console.log(`${name}=${value}`);
}

// A plain HTTP client: nothing is decoded, followed, merged or added, and the target is sent as an absolute URL.
import { Agent, request as httpRequest } from "node:http";
import { pairs } from "./origins.mjs";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The raw request, its head not yet sent; for tests that stream. */
export function open(worker, { method, url, headers }) {
  const { hostname, port } = worker.url;
  const fields = [...headers];
  if (!fields.some(([name]) => name.toLowerCase() === "host")) fields.unshift(["host", new URL(url).host]);
  return httpRequest({ agent, hostname, port, method, path: url, headers: fields.flat(), setDefaultHeaders: false });
}

/** The head of the answer. */
export function answered(request) {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    // Once the head of the answer is there, the gateway may have stopped reading.
    request.on("error", reject);
  });
}

/** Sends one request, `{ method, url, headers, body, chunked }`, and reads the whole answer. Bodies are texts of bytes (Latin-1). */
export async function send(worker, wanted) {
  const headers = [...wanted.headers];
  const body = Buffer.from(wanted.body ?? "", "latin1");
  if (wanted.chunked) headers.push(["transfer-encoding", "chunked"]);
  else if (body.length > 0) headers.push(["content-length", String(body.length)]);
  const request = open(worker, { ...wanted, headers });
  const reply = answered(request);
  request.end(body.length > 0 ? body : undefined);
  const response = await reply;
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: pairs(response.rawHeaders), body: Buffer.concat(chunks).toString("latin1") };
}

/** Lets no idle connection keep the process. */
export function close() {
  agent.destroy();
}

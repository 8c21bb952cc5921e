// Exchanges in which one side waits for the other, so that they end only where bytes pass as they come. Nothing sleeps: what
// does not stream, hangs, and the test run's own time limit ends it.
import { createHash, randomBytes } from "node:crypto";
import { answered, open } from "./client.mjs";
import { accepted, frame, texts } from "./frames.mjs";
import { pairs } from "./origins.mjs";

const gate = () => {
  let pass;
  const passed = new Promise((resolve) => (pass = resolve));
  return { pass, passed };
};

const written = (stream, bytes) => new Promise((resolve) => stream.write(bytes, resolve));

/** A body of `size` bytes up and the same bytes down again; each side sends its rest only after the other has the beginning. */
export async function echo(worker, origins, { url, size, headers }) {
  const sent = createHash("sha256");
  const received = createHash("sha256");
  const [originHasFirst, clientHasFirst] = [gate(), gate()];
  origins.next(async (request, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    for await (const chunk of request) {
      if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
      originHasFirst.pass();
    }
    response.end();
  });

  const request = open(worker, { method: "POST", url, headers: [...headers, ["transfer-encoding", "chunked"]] });
  const reply = answered(request);
  const upload = (async () => {
    for (let left = size, first = true; left > 0; first = false) {
      const piece = randomBytes(Math.min(left, 64 * 1024));
      left -= piece.length;
      sent.update(piece);
      await written(request, piece);
      if (first) await Promise.all([originHasFirst.passed, clientHasFirst.passed]);
    }
    request.end();
  })();
  const response = await reply;
  let length = 0;
  for await (const chunk of response) {
    received.update(chunk);
    length += chunk.length;
    clientHasFirst.pass();
  }
  await upload;
  return { status: response.statusCode, length, same: sent.digest("hex") === received.digest("hex") };
}

/** Sends an event each time the client has read the one before; what the client read at each step. */
export async function events(worker, origins, { url, count }) {
  let reads = gate();
  origins.next(async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    for (let at = 1; at <= count; at += 1) {
      reads = gate();
      response.write(`data: ${at}\n\n`);
      await reads.passed;
    }
    response.end();
  });
  const request = open(worker, { method: "GET", url, headers: [["accept", "text/event-stream"]] });
  const reply = answered(request);
  request.end();
  const response = await reply;
  const steps = [];
  for await (const chunk of response) {
    steps.push(chunk.toString());
    reads.pass();
  }
  return { headers: pairs(response.rawHeaders), steps };
}

/** Opens a WebSocket, sends each text and returns what the origin answers: the same in upper case. */
export async function webSocket(worker, origins, { url, headers, say }) {
  let seen;
  origins.next(async (request, socket) => {
    seen = pairs(request.rawHeaders);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted(request.headers["sec-websocket-key"])}\r\n\r\n`,
    );
    for await (const text of texts(socket)) socket.write(frame(text.toUpperCase(), false));
  });
  const key = randomBytes(16).toString("base64");
  const handshake = [["upgrade", "websocket"], ["connection", "Upgrade"], ["sec-websocket-version", "13"], ["sec-websocket-key", key]];
  const request = open(worker, { method: "GET", url, headers: [...headers, ...handshake] });
  const opened = new Promise((resolve, reject) => {
    request.on("upgrade", (response, socket, first) => resolve({ response, socket, first }));
    request.on("response", (response) => resolve({ response }));
    request.on("error", reject);
  });
  request.end();
  const { response, socket, first } = await opened;
  const heard = [];
  if (socket) {
    const answers = texts(socket, first);
    for (const text of say) {
      socket.write(frame(text, true));
      heard.push((await answers.next()).value);
    }
    socket.destroy();
  }
  return { status: response.statusCode, accepted: response.headers["sec-websocket-accept"] === accepted(key), heard, seen: seen ?? [] };
}

/** An origin that says it sends `length` bytes, or says nothing, and breaks off after ten: whether the client takes these for all. */
export async function brokenOff(worker, origins, { url, length }) {
  origins.next((_request, response) => {
    response.writeHead(200, length ? { "content-length": String(length) } : {});
    response.write("0123456789", () => response.destroy());
  });
  const request = open(worker, { method: "GET", url, headers: [] });
  const reply = answered(request);
  request.end();
  try {
    const response = await reply;
    for await (const _ of response);
    return { complete: response.complete };
  } catch {
    return { complete: false };
  }
}

/** An origin that does not go on, before the head of its answer or after it: what the client gets. */
export async function hanging(worker, origins, { url, head }) {
  origins.next((_request, response) => {
    if (head) response.writeHead(200).write("0123456789");
  });
  const request = open(worker, { method: "GET", url, headers: [] });
  const reply = answered(request);
  request.end();
  const response = await reply;
  try {
    for await (const _ of response);
  } catch {
    // Told by `complete`.
  }
  return { status: response.statusCode, complete: response.complete };
}

/** A client that sends a part of its body and then nothing: what it is answered. */
export async function stalling(worker, _origins, { url, headers }) {
  const request = open(worker, { method: "POST", url, headers });
  const reply = answered(request);
  request.on("error", () => {});
  request.write("01234");
  const response = await reply;
  let body = "";
  for await (const chunk of response) body += chunk;
  request.destroy();
  return { status: response.statusCode, code: JSON.parse(body).code };
}

/** A client that leaves in the middle of its body: whether the origin took the part for the whole. */
export async function leaving(worker, origins, { url, headers }) {
  const [originHasFirst, originHasAll] = [gate(), gate()];
  origins.next(async (request, response) => {
    try {
      for await (const _ of request) originHasFirst.pass();
      originHasAll.pass(true);
    } catch {
      originHasAll.pass(false);
    }
    response.destroy();
  });
  const request = open(worker, { method: "POST", url, headers });
  request.on("error", () => {});
  request.write("01234");
  await originHasFirst.passed;
  request.destroy();
  return { taken_for_whole: await originHasAll.passed };
}

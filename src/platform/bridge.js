// What the worker's wasm asks of the runtime in JavaScript: few calls, each carrying as much as it can, since every crossing
// between wasm and JavaScript costs. Header fields travel as one text: name, line feed, value, line feed, and so on; neither
// can contain a line feed.
import { env, waitUntil as keepAlive } from "cloudflare:workers";
import { constants, createPublicKey, createVerify, verify as verifySignature } from "node:crypto";

// A bare workerd tells the peer's address itself; everywhere else the edge's own header field does.
const peerFromRuntime = env.ARCHWAY_HOST === "workerd";

function fieldsOf(headers) {
  let text = "";
  headers.forEach((value, name) => {
    text += `${name}\n${value}\n`;
  });
  return text;
}

function headersFrom(fields) {
  const headers = new Headers();
  const parts = fields.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers.append(parts[at], parts[at + 1]);
  return headers;
}

/** Method, URL, peer address and header fields of a request, in one text. */
export function requestHead(request) {
  const peer = (peerFromRuntime ? request.cf?.clientIp : request.headers.get("cf-connecting-ip")) ?? "";
  return `${request.method}\n${request.url}\n${peer}\n${fieldsOf(request.headers)}`;
}

/** Status and header fields of a response, in one text. */
export function responseHead(response) {
  return `${response.status}\n${fieldsOf(response.headers)}`;
}

/** The body of a request or a response as a stream; null where there is none. */
export function bodyOf(message) {
  return message.body;
}

/**
 * Counts the bytes of a stream as they pass and breaks it off after `max` of them. A request with such a body has to be given up
 * by `state.giveUp`, which [`send`] sets: to the runtime, a stream that fails in JavaScript is one that has ended, and the origin
 * would take a part for the whole.
 */
export function capped(stream, max, state) {
  const { readable, writable } = new IdentityTransformStream();
  count(stream.getReader(), writable.getWriter(), max, state);
  return readable;
}

async function count(reader, writer, max, state) {
  try {
    for (let seen = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return await writer.close();
      seen += value.byteLength;
      if (seen > max) {
        state.exceeded = true;
        throw new Error("the body is longer than the route allows");
      }
      await writer.write(value);
    }
  } catch (error) {
    state.giveUp?.(error);
    // Whichever side broke, the other is told; that it may be gone already is nobody's concern.
    await Promise.allSettled([writer.abort(error), reader.cancel(error)]);
  }
}

/** Splits a stream in two. */
export function tee(stream) {
  return stream.tee();
}

/** A reader for [`readChunk`]. */
export function readerOf(stream) {
  return stream.getReader();
}

/** The next bytes, or undefined at the end. */
export async function readChunk(reader) {
  const { done, value } = await reader.read();
  return done ? undefined : value;
}

/**
 * Sends a request; settles with the response's head, or with "timeout" where the first byte took too long. `cap` is the state of
 * the body's [`capped`], where it has one.
 */
export function send(method, url, fields, body, firstByteMs, totalMs, cap) {
  const init = { method, headers: headersFrom(fields), redirect: "manual" };
  if (body !== undefined) init.body = body;
  if (totalMs > 0 || cap !== undefined) {
    const controller = new AbortController();
    init.signal = controller.signal;
    if (totalMs > 0) setTimeout(() => controller.abort("timeout"), totalMs);
    if (cap !== undefined) cap.giveUp = (error) => controller.abort(error);
  }
  if (firstByteMs === 0) return fetch(url, init);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject("timeout"), firstByteMs);
    fetch(url, init).then(
      (response) => {
        clearTimeout(timer);
        resolve(response);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

const withoutBody = (status) => status === 101 || status === 204 || status === 205 || status === 304;

/** A response to the client, its body handed on as it is. */
export function respond(status, fields, body) {
  return new Response(withoutBody(status) ? null : body, { status, headers: headersFrom(fields) });
}

/** A response to the client that carries an origin's body; its encoding and its WebSocket stay as they are. */
export function respondWith(response, status, fields, body) {
  if (status === 101 && response.webSocket) {
    return new Response(null, { status, headers: headersFrom(fields), webSocket: response.webSocket });
  }
  return new Response(withoutBody(status) ? null : (body ?? response.body), { status, headers: headersFrom(fields) });
}

export function cacheMatch(key) {
  return caches.default.match(key);
}

/**
 * Stores a response. Not every store notices that a body breaks off, so what it has kept of such a one is deleted. `cap` is as
 * in [`send`].
 */
export async function cachePut(key, status, fields, body, cap) {
  let broken, passed;
  const giveUp = (error) => (broken = error);
  if (cap !== undefined) {
    cap.giveUp = giveUp;
  } else if (body instanceof ReadableStream) {
    const { readable, writable } = new IdentityTransformStream();
    passed = body.pipeTo(writable).catch(giveUp);
    body = readable;
  }
  const response = respond(status, fields, body);
  // The runtime encodes such a body anew, and its length may be another one then.
  if (response.headers.has("content-encoding")) response.headers.delete("content-length");
  await caches.default.put(key, response);
  await passed;
  if (broken === undefined) return;
  await caches.default.delete(key);
  throw broken;
}

export function cacheDelete(key) {
  return caches.default.delete(key);
}

/** Lets `promise` settle although the reply is sent. */
export function waitUntil(promise) {
  keepAlive(promise);
}

/** Calls the limiter object of this name; settles with its reply, or with an error after `deadlineMs`. */
export function takeFromLimiter(name, request, deadlineMs) {
  const namespace = env.LIMITER;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject("timeout"), deadlineMs);
    namespace.get(namespace.idFromName(name)).take(request).then(
      (reply) => {
        clearTimeout(timer);
        resolve(reply);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** A key of node:crypto from a JWK's text, or from a PKCS#1 key in DER. */
export function publicKeyFromJwk(jwk) {
  return createPublicKey({ key: JSON.parse(jwk), format: "jwk" });
}

export function publicKeyFromPkcs1(der) {
  return createPublicKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
}

/** Whether a signature is right; PSS where `saltLength` is given (RFC 7518 section 3.5). */
export function verify(digest, key, message, signature, saltLength) {
  if (saltLength === undefined) return verifySignature(digest, message, key, signature);
  // workerd takes no key object among options, and its one-shot `verify` knows no padding; but `createVerify` reads both from the
  // key itself. A key is kept for one algorithm only.
  Object.assign(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  return createVerify(digest).update(message).verify(key, signature);
}

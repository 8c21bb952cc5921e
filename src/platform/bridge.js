// What the worker's wasm asks of the runtime in JavaScript: few calls, each carrying as much as it can, since every crossing
// between wasm and JavaScript costs. Header fields travel as one text: name, line feed, value, line feed, and so on; neither
// can contain a line feed.
import { env, waitUntil as keepAlive } from "cloudflare:workers";
import { settleCall, startTask } from "../../build/index.js";

export { privateKey, publicKeyFromJwk, publicKeyFromPkcs1, scrypt, sign, verify } from "./crypto.js";

// A bare workerd tells the peer's address itself; everywhere else the edge's own header field does.
const peerFromRuntime = env.ARCHWAY_HOST === "workerd";

function fieldsOf(headers) {
  let text = "";
  headers.forEach((value, name) => {
    text += `${name}\n${value}\n`;
  });
  return text;
}

// Edits are pairs of lines as well; the first begins with what is to be done: = sets, + appends, - deletes.
function edit(headers, parts, from) {
  for (let at = from; at + 1 < parts.length; at += 2) {
    const name = parts[at].slice(1);
    const action = parts[at].charCodeAt(0);
    if (action === 61) headers.set(name, parts[at + 1]);
    else if (action === 43) headers.append(name, parts[at + 1]);
    else headers.delete(name);
  }
  return headers;
}

let numbered = 0;

/**
 * A number for a task or a call. It is counted here because the wasm begins anew after a fault: what an earlier one waited for may
 * settle still, and must not be taken for what a later one waits for.
 */
export function nextNumber() {
  numbered = (numbered + 1) >>> 0;
  return numbered;
}

// A call that wasm waits for, by its number.
function settle(call, promise) {
  promise.then(
    (value) => settleCall(call, true, value),
    (error) => settleCall(call, false, error),
  );
}

// `waits` tells whether what takes so long is not the fault of whom the deadline is for: then it begins anew.
function settleBefore(call, deadlineMs, promise, waits) {
  let timer;
  const expired = () => {
    if (waits?.()) timer = setTimeout(expired, deadlineMs);
    else settleCall(call, false, "timeout");
  };
  timer = setTimeout(expired, deadlineMs);
  promise.then(
    (value) => {
      clearTimeout(timer);
      settleCall(call, true, value);
    },
    (error) => {
      clearTimeout(timer);
      settleCall(call, false, error);
    },
  );
}

/** Method, URL, peer address and header fields of a request, in one text. */
export function requestHead(request) {
  const peer = (peerFromRuntime ? request.cf?.clientIp : request.headers.get("cf-connecting-ip")) ?? "";
  return `${request.method}\n${request.url}\n${peer}\n${fieldsOf(request.headers)}`;
}

/** What the edge knows of a request's connection, as JSON. */
export function edgeFacts(request) {
  return request.cf === undefined ? undefined : JSON.stringify(request.cf);
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
  count(undefined, readerOf(stream), writable.getWriter(), max, state);
  return readable;
}

/** The stream of a reader of which `first` was read already, as in [`capped`]. */
export function resumed(first, reader, max, state) {
  const { readable, writable } = new IdentityTransformStream();
  count(first, reader, writable.getWriter(), max, state);
  return readable;
}

async function count(first, reader, writer, max, state) {
  try {
    let room = new Uint8Array(PIECE);
    for (let seen = 0, next = first; ; next = undefined) {
      // Whom the body waits for tells whose fault it is where it takes too long.
      state.reading = true;
      const { done, value } = next === undefined ? await reader.read(room) : { done: false, value: next };
      state.reading = false;
      if (done) return await writer.close();
      seen += value.byteLength;
      if (seen > max) {
        state.exceeded = true;
        throw new Error("the body is longer than the route allows");
      }
      await writer.write(value);
      if (next === undefined) room = new Uint8Array(value.buffer);
    }
  } catch (error) {
    state.giveUp?.(error);
    // Whichever side broke, the other is told; that it may be gone already is nobody's concern.
    await Promise.allSettled([writer.abort(error), reader.cancel(error)]);
  }
}

/**
 * The stream of what `transform`, an object of the wasm, makes of a stream's pieces as they come. Where it lets nothing more pass,
 * both sides are broken off.
 */
export function transformed(stream, transform) {
  const { readable, writable } = new IdentityTransformStream();
  carry(readerOf(stream), writable.getWriter(), transform);
  return readable;
}

async function carry(reader, writer, transform) {
  try {
    for (let ended = false; !ended; ) {
      const { done, value } = await reader.read(new Uint8Array(PIECE));
      const made = done ? transform.end() : transform.push(value);
      if (made.byteLength > 0) await writer.write(made);
      ended = done;
    }
    transform.free();
    await writer.close();
  } catch (error) {
    await Promise.allSettled([writer.abort(error), reader.cancel(error)]);
  }
}

/** Splits a stream in two. */
export function tee(stream) {
  return stream.tee();
}

// How many bytes of a stream are taken at once, where its length is not known: every piece costs two turns.
const PIECE = 16_384;

/** A reader for [`readChunk`]. */
export function readerOf(stream) {
  return stream.getReader({ mode: "byob" });
}

/** The next bytes, or undefined at the end; "timeout" where they have not come by `dueMs`, which is 0 for no such time. */
export function readChunk(call, reader, dueMs) {
  settleBy(call, dueMs, reader.read(new Uint8Array(PIECE)).then(({ done, value }) => (done ? undefined : value)));
}

/** All bytes of a message's body at once; otherwise as [`readChunk`]. */
export function readAll(call, message, dueMs) {
  settleBy(call, dueMs, message.arrayBuffer().then((all) => new Uint8Array(all)));
}

function settleBy(call, dueMs, promise) {
  if (dueMs > 0) settleBefore(call, Math.max(0, dueMs - Date.now()), promise);
  else settle(call, promise);
}

/**
 * Sends a request with the header fields of `message`, edited; `head` is its method, its URL and the edits. Settles when the
 * response's head is there, or with "timeout" where it took too long. A body of null is that of `message`; `cap` is the state of
 * its [`capped`], where it has one.
 */
export function send(call, head, message, body, firstByteMs, totalMs, cap) {
  try {
    const parts = head.split("\n");
    const init = { method: parts[0], headers: edit(new Headers(message?.headers), parts, 2), redirect: "manual" };
    if (body !== undefined) init.body = body ?? message.body;
    let total;
    if (totalMs > 0 || cap !== undefined) {
      const controller = new AbortController();
      init.signal = controller.signal;
      if (totalMs > 0) total = setTimeout(() => controller.abort("timeout"), totalMs);
      if (cap !== undefined) cap.giveUp = (error) => controller.abort(error);
    }
    const timed = cap?.dueMs > 0 && init.body instanceof ReadableStream;
    const short = timed && body === null && lengthOf(message.headers) <= SHORT;
    const stop = timed && !short ? inTime(cap, init, body === null) : undefined;
    const sent = short ? readInTime(cap, message).then((bytes) => fetch(parts[1], { ...init, body: bytes })) : fetch(parts[1], init);
    // Once the origin has answered, the rest of the body is its concern.
    if (stop !== undefined) sent.then(stop, stop);
    const answer = total === undefined ? sent : sent.then((response) => watched(response, total));
    if (firstByteMs > 0) settleBefore(call, firstByteMs, answer, timed ? () => cap.reading : undefined);
    else settle(call, answer);
  } catch (error) {
    settleCall(call, false, error);
  }
}

// A body of so many bytes is read before the origin is asked: that costs less than to watch it pass.
const SHORT = PIECE;

const lengthOf = (headers) => Number.parseInt(headers.get("content-length"), 10);

function readInTime(cap, message) {
  return new Promise((resolve, reject) => {
    cap.reading = true;
    const timer = setTimeout(() => {
      cap.slow = true;
      reject("slow");
    }, Math.max(0, cap.dueMs - Date.now()));
    const ended = (then) => (value) => {
      cap.reading = false;
      clearTimeout(timer);
      then(value);
    };
    message.arrayBuffer().then(ended(resolve), ended(reject));
  });
}

// Gives a request up whose body has not come by the time that is due, where it is the client that is waited for. The function that is
// returned ends the watch.
function inTime(cap, init, untouched) {
  const timer = setTimeout(() => {
    if (!cap.reading) return;
    cap.slow = true;
    cap.giveUp("slow");
  }, Math.max(0, cap.dueMs - Date.now()));
  if (untouched) {
    const length = lengthOf(init.headers);
    const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
    if (length >= 0) {
      // The runtime passes it by itself, and does not tell whom it waits for: until all has passed, that is the client.
      const passed = () => (cap.reading = false);
      cap.reading = true;
      init.body.pipeTo(writable).then(passed, passed);
    } else {
      count(undefined, readerOf(init.body), writable.getWriter(), Infinity, cap);
    }
    init.body = readable;
  }
  return () => clearTimeout(timer);
}

// A body that is merely handed on outlives the request in the runtime, timers do not: this one is carried, and its timer is kept.
function watched(response, total) {
  if (response.body === null) {
    clearTimeout(total);
    return response;
  }
  const encoded = response.headers.has("content-encoding");
  const length = encoded ? NaN : lengthOf(response.headers);
  const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
  response.body.pipeTo(writable).then(
    () => clearTimeout(total),
    () => clearTimeout(total),
  );
  const carried = new Response(readable, response);
  // The runtime encodes it anew, and its length may be another one then.
  if (encoded) carried.headers.delete("content-length");
  return carried;
}

const withoutBody = (status) => status === 101 || status === 204 || status === 205 || status === 304;

/**
 * A response with the header fields of `message`, edited. A body of null is that of `message`, whose encoding and WebSocket
 * stay as they are.
 */
export function respond(message, status, edits, body) {
  if (body === null && status === message.status && !withoutBody(status)) {
    const response = new Response(message.body, message);
    edit(response.headers, edits.split("\n"), 0);
    return response;
  }
  const init = { status, headers: edit(new Headers(message?.headers), edits.split("\n"), 0) };
  if (message?.webSocket) init.webSocket = message.webSocket;
  return new Response(withoutBody(status) ? null : body === null ? message.body : body, init);
}

export function cacheMatch(call, key) {
  settle(call, caches.default.match(key));
}

/**
 * Stores a response. Not every store notices that a body breaks off, so what it has kept of such a one is deleted. `cap` is as
 * in [`send`].
 */
export function cachePut(call, key, message, status, edits, body, cap) {
  settle(call, store(key, message, status, edits, body, cap));
}

async function store(key, message, status, edits, body, cap) {
  let broken, passed;
  const giveUp = (error) => (broken = error);
  let stored = body === null ? message.body : body;
  if (cap !== undefined) {
    cap.giveUp = giveUp;
  } else if (stored instanceof ReadableStream) {
    const { readable, writable } = new IdentityTransformStream();
    passed = stored.pipeTo(writable).catch(giveUp);
    stored = readable;
  }
  const response = respond(message, status, edits, stored ?? undefined);
  // The runtime encodes such a body anew, and its length may be another one then.
  if (response.headers.has("content-encoding")) response.headers.delete("content-length");
  await caches.default.put(key, response);
  await passed;
  if (broken === undefined) return;
  await caches.default.delete(key);
  throw broken;
}

export function cacheDelete(call, key) {
  settle(call, caches.default.delete(key));
}

/** Calls a method of the Durable Object of this name; request and reply are texts. */
export function callObject(call, binding, name, method, request, deadlineMs) {
  try {
    const objects = env[binding];
    settleBefore(call, deadlineMs, objects.get(objects.idFromName(name))[method](request));
  } catch (error) {
    settleCall(call, false, error);
  }
}

/** Settles after a while. */
export function rest(call, ms) {
  setTimeout(() => settleCall(call, true), ms);
}

/** A promise that wasm settles itself. */
export function deferred() {
  return Promise.withResolvers();
}

export function promiseOf({ promise }) {
  return promise;
}

export function settlePromise({ resolve, reject }, ok, value) {
  if (ok) resolve(value);
  else reject(value);
}

const now = Promise.resolve();

/** Starts a task of the wasm when the present turn has ended. */
export function soon(task) {
  now.then(() => startTask(task));
}

/** Lets `promise` settle although the reply is sent. */
export function waitUntil(promise) {
  keepAlive(promise);
}

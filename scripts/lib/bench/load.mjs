// A load generator and an origin over plain sockets, so that they cost little beside what is measured. Runs as a child of
// bench.mjs, pinned to another core; takes one JSON order per line and answers with one JSON line.
import net from "node:net";
import readline from "node:readline";

const body = JSON.stringify({ id: 12, name: "a thing", tags: ["one", "two"], price: 12.5 });
const reply = Buffer.from(
  [
    "HTTP/1.1 200 OK",
    "content-type: application/json",
    `content-length: ${body.length}`,
    "cache-control: no-store",
    'etag: "abc"',
    "vary: accept-encoding",
    "x-origin: bench",
    "date: Mon, 01 Jan 2029 00:00:00 GMT",
    "",
    body,
  ].join("\r\n"),
);

// The origin: it reads heads to their empty line, and bodies by their length or their chunks.
const origin = net.createServer((socket) => {
  let open = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    open += chunk.toString("latin1");
    for (let end = endOf(open); end > 0; end = endOf(open)) {
      open = open.slice(end);
      socket.write(reply);
    }
  });
});

/** Where the first request of a text ends; 0 where it is not whole. */
function endOf(text) {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const fields = text.slice(0, head);
  if (/\r\ntransfer-encoding: *chunked/i.test(fields)) {
    const last = text.indexOf("0\r\n\r\n", head + 4);
    return last < 0 ? 0 : last + 5;
  }
  const length = /\r\ncontent-length: *(\d+)/i.exec(fields);
  const end = head + 4 + (length === null ? 0 : Number(length[1]));
  return text.length < end ? 0 : end;
}

/** One connection, which is one caller: it sends its next request as soon as the last one is answered. */
function client(port, requests, until, result, finished) {
  let turn = 0;
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  let began = 0n;
  let buffer = Buffer.alloc(0);
  const next = () => {
    if (process.hrtime.bigint() >= until) return socket.end();
    began = process.hrtime.bigint();
    socket.write(requests[turn % requests.length]);
    turn += 1;
  };
  // A connection that is not answered is a failure, not a reason to wait for ever.
  socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
  socket.on("connect", next);
  socket.on("data", (chunk) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (;;) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = buffer.latin1Slice(0, end);
      const length = /content-length: (\d+)/i.exec(head);
      let size;
      if (length) {
        size = end + 4 + Number(length[1]);
        if (buffer.length < size) return;
      } else {
        const last = buffer.indexOf("0\r\n\r\n", end + 4);
        if (last < 0) return;
        size = last + 5;
      }
      const status = Number(head.slice(9, 12));
      if (status !== 200) {
        result.failed += 1;
        result.sample ??= buffer.latin1Slice(0, Math.min(size, 600));
      }
      result.latencies.push(Number(process.hrtime.bigint() - began) / 1e6);
      buffer = buffer.subarray(size);
      next();
    }
  });
  socket.on("error", (error) => {
    result.failed += 1;
    result.sample ??= String(error);
  });
  socket.on("close", finished);
}

function load({ port, requests, seconds, connections }) {
  return new Promise((resolve) => {
    const result = { failed: 0, latencies: [], sample: undefined };
    const began = process.hrtime.bigint();
    const until = began + BigInt(Math.round(seconds * 1e9));
    const buffers = requests.map((request) => Buffer.from(request));
    let open = connections;
    const finished = () => {
      open -= 1;
      if (open > 0) return;
      const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
      const sorted = Float64Array.from(result.latencies).sort();
      const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      const { failed, sample } = result;
      resolve({ answered: sorted.length, failed, sample, rps: sorted.length / elapsed, p50_ms: at(0.5), p99_ms: at(0.99) });
    };
    for (let i = 0; i < connections; i += 1) client(port, buffers.filter((_, at) => at % connections === i), until, result, finished);
  });
}

origin.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ origin: origin.address().port })}\n`);
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    process.stdout.write(`${JSON.stringify(await load(JSON.parse(line)))}\n`);
  });
});
process.stdin.on("end", () => process.exit(0));

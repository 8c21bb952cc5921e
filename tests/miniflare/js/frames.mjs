// WebSocket by hand (RFC 6455), as far as the tests need it: the handshake, and text frames shorter than 126 bytes.
import { createHash, randomBytes } from "node:crypto";

/** The answer to a handshake's key (section 4.2.2). */
export function accepted(key) {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** One text frame; a client masks (section 5.3). */
export function frame(text, masked) {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, payload.length | (masked ? 0x80 : 0)]);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ mask[at % 4])]);
}

/** The texts of the frames that come over a socket, one by one. */
export async function* texts(socket, first) {
  let pending = Buffer.from(first ?? []);
  for (;;) {
    for (;;) {
      const masked = (pending[1] & 0x80) !== 0;
      const length = pending[1] & 0x7f;
      const start = masked ? 6 : 2;
      if (pending.length < 2 || pending.length < start + length) break;
      const mask = pending.subarray(2, 6);
      const payload = Buffer.from(pending.subarray(start, start + length));
      if (masked) payload.forEach((byte, at) => (payload[at] = byte ^ mask[at % 4]));
      pending = pending.subarray(start + length);
      yield payload.toString();
    }
    const chunk = await new Promise((resolve) => {
      socket.once("data", resolve);
      socket.once("close", () => resolve(null));
    });
    if (chunk === null) return;
    pending = Buffer.concat([pending, chunk]);
  }
}

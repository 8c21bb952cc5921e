// Keys, signatures and passwords by the runtime's own node:crypto.
let nodeCrypto;

// Not imported: loading it costs a start more than anything else here, and many a gateway never needs it.
function cryptography() {
  nodeCrypto ??= process.getBuiltinModule("node:crypto");
  return nodeCrypto;
}

/** A key of node:crypto from a JWK's text, or from a PKCS#1 key in DER. */
export function publicKeyFromJwk(jwk) {
  return cryptography().createPublicKey({ key: JSON.parse(jwk), format: "jwk" });
}

export function publicKeyFromPkcs1(der) {
  return cryptography().createPublicKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
}

/** Whether a signature is right; PSS where `saltLength` is given (RFC 7518 section 3.5). */
export function verify(digest, key, message, signature, saltLength) {
  const { constants, createVerify, verify: oneShot } = cryptography();
  if (saltLength === undefined) return oneShot(digest, message, key, signature);
  // workerd takes no key object among options, and its one-shot `verify` knows no padding; but `createVerify` reads both from the
  // key itself. A key is kept for one algorithm only.
  Object.assign(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  return createVerify(digest).update(message).verify(key, signature);
}

/** A private key in DER, of the form "pkcs1" or "pkcs8". */
export function privateKey(der, form) {
  return cryptography().createPrivateKey({ key: Buffer.from(der), format: "der", type: form });
}

/** A signature; PSS where `saltLength` is given, as in [`verify`]. */
export function sign(digest, key, message, saltLength) {
  const { constants, createSign, sign: oneShot } = cryptography();
  if (saltLength === undefined) return oneShot(digest, message, key);
  Object.assign(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  return createSign(digest).update(message).sign(key);
}

/** scrypt (RFC 7914), in native code; its memory is bounded by the caller's choice of parameters. */
export function scrypt(password, salt, length, cost, r, p) {
  return cryptography().scryptSync(password, salt, length, { N: cost, r, p, maxmem: 256 * cost * r });
}

/** A DPoP proof (RFC 9449): the holder of this key sends this request now. */

import { base64url, encodeJson, publicMembers } from "./jose.js";

/**
 * @typedef {object} Proving
 * @property {JsonWebKey} publicJwk
 * @property {string} method
 * @property {string} url query and fragment do not count
 * @property {number} now seconds since 1970, by the gate's clock
 * @property {string} id new for every proof
 * @property {string} [nonce] the last one that the gate issued
 * @property {(bytes: Uint8Array) => Promise<ArrayBuffer>} sign ES256: r and s, 32 bytes each
 */

/**
 * @param {Proving} proving
 * @returns {Promise<string>} the value of the `DPoP` header
 */
export async function dpopProof({ publicJwk, method, url, now, id, nonce, sign }) {
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: publicMembers(publicJwk) };
  const claims = { jti: id, htm: method, htu: url.replace(/[?#].*$/, ""), iat: now, ...(nonce ? { nonce } : {}) };
  const signed = `${encodeJson(header)}.${encodeJson(claims)}`;
  return `${signed}.${base64url(await sign(new TextEncoder().encode(signed)))}`;
}

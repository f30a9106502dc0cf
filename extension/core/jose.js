/** The few parts of JOSE that a device needs: base64url (RFC 7515, appendix C) and public keys (RFC 7517). */

const utf8 = new TextEncoder();

/**
 * @param {ArrayBuffer | Uint8Array} bytes
 * @returns {string}
 */
export function base64url(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * @param {unknown} value
 * @returns {string} its JSON in base64url
 */
export function encodeJson(value) {
  return base64url(utf8.encode(JSON.stringify(value)));
}

/**
 * The public members of a P-256 key and no others.
 *
 * @param {JsonWebKey} jwk
 */
export function publicMembers({ crv, kty, x, y }) {
  return { crv, kty, x, y };
}

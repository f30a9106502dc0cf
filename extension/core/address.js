/** The address of the company mail, as people type it. */

/** Chromium accepts nearly anything as a host, but then does not ask for the permission to speak to it. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]{1,253})$/i;
const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

/**
 * The origin that an address names, or null if no proof may be sent there: https, or http on this
 * computer itself.
 *
 * @param {string} typed
 * @returns {string | null}
 */
export function gateOrigin(typed) {
  const text = typed.trim();
  if (!text) return null;
  let url;
  try {
    url = new URL(text.includes("://") ? text : `https://${text}`);
  } catch {
    return null;
  }
  if (url.username || url.password || !HOST.test(url.hostname)) return null;
  const own = url.protocol === "http:" && LOOPBACK.has(url.hostname);
  return url.protocol === "https:" || own ? url.origin : null;
}

/**
 * The permission that the browser needs before anything can be sent there. Such a pattern cannot name a port.
 *
 * @param {string} gate
 * @returns {string}
 */
export function permissionPattern(gate) {
  const { protocol, hostname } = new URL(gate);
  return `${protocol}//${hostname}/*`;
}

/**
 * The beginnings of all addresses of the mail origin: of pages and of WebSockets.
 *
 * @param {string} gate
 * @returns {string[]}
 */
export function addressesOf(gate) {
  return [`${gate}/`, `${gate.replace(/^http/, "ws")}/`];
}

/**
 * The page that shows a person their devices and what is stored about them.
 *
 * @param {string} gate
 */
export function mePage(gate) {
  return `${gate}/.mailgate/me`;
}

/** The address of the company mail, as people type it. */

/** Chromium makes a host of nearly anything, but then asks for no leave to speak to it. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]{1,253})$/i;
const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

/**
 * The origin that an address names, or null where it names none that a proof may be sent to: https, or http on this
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
 * What the browser has to allow before anything can be sent there. Such a pattern cannot name a port.
 *
 * @param {string} gate
 * @returns {string}
 */
export function permissionPattern(gate) {
  const { protocol, hostname } = new URL(gate);
  return `${protocol}//${hostname}/*`;
}

/**
 * Beginnings of every address of the mail origin: pages, and WebSockets beside them.
 *
 * @param {string} gate
 * @returns {string[]}
 */
export function addressesOf(gate) {
  return [`${gate}/`, `${gate.replace(/^http/, "ws")}/`];
}

/**
 * The page that shows a person their devices and what is stored of them.
 *
 * @param {string} gate
 */
export function mePage(gate) {
  return `${gate}/.mailgate/me`;
}

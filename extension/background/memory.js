/**
 * Data that outlives the worker. On disk: the state. For this browser session only: the token, the nonce and an
 * unused pairing code.
 */

import { EMPTY } from "../core/state.js";
import { storage } from "../shim/ext.js";

/** @typedef {import("../core/state.js").Memory} Memory */

/**
 * @typedef {object} Session
 * @property {string} token empty without one
 * @property {number} expiresAt milliseconds since 1970 by this computer's clock
 * @property {string} nonce the last one that the gate issued
 * @property {string} code a pairing code that a person typed
 */

/** @type {Session} */
const NO_SESSION = { token: "", expiresAt: 0, nonce: "", code: "" };

/** @returns {Promise<Memory>} */
export async function readMemory() {
  const { memory } = await storage.local.get("memory");
  return { ...EMPTY, .../** @type {object} */ (memory) };
}

/** @param {Memory} memory */
export async function writeMemory(memory) {
  await storage.local.set({ memory });
}

/** @returns {Promise<Session>} */
export async function readSession() {
  const { session } = await storage.session.get("session");
  return { ...NO_SESSION, .../** @type {object} */ (session) };
}

/** @param {Partial<Session>} part */
export async function writeSession(part) {
  await storage.session.set({ session: { ...(await readSession()), ...part } });
}

/** Forget the token and the named parts of the session. @param {Partial<Session>} [more] */
export async function dropToken(more = {}) {
  await writeSession({ token: "", expiresAt: 0, ...more });
}

/** Questions about the phases of the state. */

/** @typedef {import("./state.js").Memory} Memory */

/**
 * The phases in which only a person or the company can do something: the way out is the set-up.
 *
 * @type {ReadonlySet<string>}
 */
export const RESTING = new Set(["unconfigured", "permission", "code", "code-refused", "revoked", "not-enrolled", "key-lost"]);

/**
 * Whether this browser is enrolled with a key that the gate accepts, as far as it knows.
 *
 * @param {Memory} memory
 */
export function isEnrolled({ phase, deviceId }) {
  return Boolean(deviceId) && phase !== "revoked";
}

/**
 * Whether the gate has said that it was asked too often (429).
 *
 * @param {Memory} memory
 */
export function askedTooOften({ phase, trouble }) {
  return phase === "away" && trouble?.status === 429;
}

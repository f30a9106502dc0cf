/** What the phases of the state have in common. */

/** @typedef {import("./state.js").Memory} Memory */

/**
 * There is nothing to do until a person, or the company, does something: the way out is the set-up.
 *
 * @type {ReadonlySet<string>}
 */
export const RESTING = new Set(["unconfigured", "permission", "code", "code-refused", "revoked", "not-enrolled", "key-lost"]);

/**
 * Whether this browser is enrolled with a key that the gate takes, as far as it knows.
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

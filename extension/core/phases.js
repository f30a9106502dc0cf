/** Questions about the phases of the state. */

/** @typedef {import("./state.js").Memory} Memory */

/**
 * The phases in which only a person or the company can do something: the way out is the set-up.
 *
 * @type {ReadonlySet<string>}
 */
export const RESTING = new Set([
  "unconfigured",
  "policy-wrong",
  "permission",
  "code",
  "code-refused",
  "revoked",
  "shut-out",
  "machine-full",
  "not-enrolled",
  "key-lost",
]);

/**
 * The refusals of the company's own token. The company may end them at any time, so the token is tried again when the
 * browser starts, when its policy changes and when a person asks, and at no other time.
 *
 * @type {ReadonlySet<string>}
 */
export const REFUSED_TOKEN = new Set(["code-refused", "shut-out", "machine-full"]);

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

/**
 * Whether the company's token of now is the one by which a key was enrolled that has been shut out since. It enrols no
 * other key in this browser, also after the person has made it forget that one.
 *
 * @param {Pick<Memory, "shut" | "policy">} memory
 */
export function isShut({ shut, policy }) {
  return policy !== "" && shut === policy;
}

/**
 * The state of the extension: all that it knows from one turn to the next.
 *
 * Times that end in `At` are milliseconds since 1970 by this computer's clock; other times are seconds.
 */

/** @typedef {import("./changes.js").Told} Told */
/** @typedef {import("./status.js").Status} Status */

/**
 * @typedef {"unconfigured" | "policy-wrong" | "permission" | "code" | "enrolling" | "active" | "away" | "code-refused"
 *   | "revoked" | "shut-out" | "machine-full" | "not-enrolled" | "key-lost"} Phase
 */

/**
 * What went wrong last, for the help desk.
 *
 * @typedef {object} Trouble
 * @property {string} reason
 * @property {number} status of HTTP; 0 without an answer
 * @property {string} reference
 * @property {number} at
 */

/**
 * @typedef {object} Memory
 * @property {Phase} phase
 * @property {string} gate origin of the company mail
 * @property {boolean} managed the company set the address
 * @property {string} wrong the mistake in the company's policy, in the words of the policy; empty without one
 * @property {string} machine the company's name of this computer; empty without one
 * @property {string} company the company's name of itself, as the gate told it; empty without one
 * @property {string} policy a digest of the token and the computer of the company's policy; empty without a token
 * @property {string} shut the same of the policy under which this browser was shut out; empty if it was not
 * @property {string} deviceId empty until enrolled
 * @property {string} thumbprint of the key; stays while the address of the mail is another one or none, unless the key was shut out
 * @property {number} failures in a row
 * @property {number} retryAt
 * @property {number} attestedAt when the last token came
 * @property {number} reportAt when the next report is due
 * @property {number} skew seconds that the gate's clock is ahead of this one
 * @property {Trouble | null} trouble
 * @property {Status | null} status the last verdict
 * @property {string} etag of that answer
 * @property {number} statusAt when it was seen
 * @property {Told} told the verdicts that people were told
 * @property {string[]} listed ids of browser extensions that the gate asks about
 */

/** @type {Readonly<Memory>} */
export const EMPTY = Object.freeze({
  phase: "unconfigured",
  gate: "",
  managed: false,
  wrong: "",
  machine: "",
  company: "",
  policy: "",
  shut: "",
  deviceId: "",
  thumbprint: "",
  failures: 0,
  retryAt: 0,
  attestedAt: 0,
  reportAt: 0,
  skew: 0,
  trouble: null,
  status: null,
  etag: "",
  statusAt: 0,
  told: {},
  listed: [],
});

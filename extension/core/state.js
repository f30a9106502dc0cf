/**
 * The state of the extension, and how each event changes it. Everything that decides about the state is here;
 * nothing here uses the network, the clock or the browser.
 *
 * Times that end in `At` are milliseconds since 1970 by this computer's clock; other times are seconds.
 */

import { TOKEN_SETTLES, backoff, reportIn } from "./schedule.js";
import { remember } from "./changes.js";
import { askedTooOften } from "./phases.js";

/** @typedef {import("./changes.js").Told} Told */
/** @typedef {import("./status.js").Status} Status */

/**
 * @typedef {"unconfigured" | "permission" | "code" | "enrolling" | "active" | "away" | "code-refused" | "revoked"
 *   | "not-enrolled" | "key-lost"} Phase
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
 * @property {string} deviceId empty until enrolled
 * @property {string} thumbprint
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

/** Milliseconds: smaller steps of a clock are normal corrections. */
const CLOCK_STEP = 5000;

/** The popup does not mention a clock that is off by less: the gate allows as much. */
export const SKEW_WORTH_A_WORD = 60;

/** @type {Record<string, Phase>} */
const ENDS = {
  "enrolment-unknown": "code-refused",
  "enrolment-expired": "code-refused",
  "enrolment-used-up": "code-refused",
  "key-revoked": "revoked",
  "key-not-enrolled": "not-enrolled",
};

/**
 * @param {Memory} memory
 * @param {{gate: string | null, managed: boolean}} event
 * @returns {Memory}
 */
function configured(memory, { gate, managed }) {
  if (!gate) return { ...EMPTY };
  if (gate !== memory.gate) return { ...EMPTY, phase: "code", gate, managed };
  return { ...memory, managed };
}

/**
 * @param {Memory} memory
 * @param {{granted: boolean}} event
 * @returns {Memory}
 */
function permission(memory, { granted }) {
  if (!granted) return { ...memory, phase: "permission" };
  if (memory.phase !== "permission") return memory;
  return { ...memory, phase: memory.deviceId ? "active" : "code", retryAt: 0 };
}

/**
 * There is no code or token to enrol with: a code that was being used is lost if the browser was closed meanwhile.
 *
 * @param {Memory} memory
 * @returns {Memory}
 */
function codeGone(memory) {
  const waits = !memory.deviceId && ["enrolling", "away"].includes(memory.phase);
  return waits ? { ...memory, phase: "code", failures: 0, retryAt: 0 } : memory;
}

/** @param {Memory} memory @returns {Memory} */
function enrolling(memory) {
  return { ...memory, phase: "enrolling", deviceId: "", thumbprint: "" };
}

/**
 * @param {Memory} memory
 * @param {{deviceId: string, thumbprint: string}} event
 * @returns {Memory}
 */
function enrolled(memory, { deviceId, thumbprint }) {
  return { ...working(memory), deviceId, thumbprint, reportAt: 0 };
}

/**
 * @param {Memory} memory
 * @param {{now: number, reportEvery: number, serverTime: number, chance: number, listed: string[]}} event
 * @returns {Memory}
 */
function attested(memory, { now, reportEvery, serverTime, chance, listed }) {
  const skew = serverTime - Math.floor(now / 1000);
  // ids that the gate asks for the first time are reported with the next turn
  const news = listed.some((id) => !memory.listed.includes(id));
  const reportAt = news ? now : now + reportIn(reportEvery, chance) * 1000;
  return { ...working(memory), attestedAt: now, reportAt, skew, listed };
}

/** @param {Memory} memory @returns {Memory} */
function working(memory) {
  return { ...memory, phase: "active", failures: 0, retryAt: 0, trouble: null };
}

/**
 * The gate refused. A refusal that only a person can end is a phase of its own; everything else is tried again.
 *
 * @param {Memory} memory
 * @param {{now: number, reason: string, status: number, reference: string, serverTime: number, retryAfter: number,
 *   chance: number}} event
 * @returns {Memory}
 */
function refused(memory, { now, reason, status, reference, serverTime, retryAfter, chance }) {
  const trouble = { reason, status, reference, at: now };
  const skew = serverTime ? serverTime - Math.floor(now / 1000) : memory.skew;
  if (Object.hasOwn(ENDS, reason)) {
    const deviceId = reason === "key-not-enrolled" ? "" : memory.deviceId;
    return { ...memory, deviceId, phase: ENDS[reason], trouble, skew, failures: 0, retryAt: 0, status: null, etag: "" };
  }
  return { ...failed(memory, now, chance, retryAfter), trouble, skew };
}

/**
 * There was no answer.
 *
 * @param {Memory} memory
 * @param {{now: number, chance: number}} event
 * @returns {Memory}
 */
function unreachable(memory, { now, chance }) {
  const trouble = { reason: "unreachable", status: 0, reference: "", at: now };
  return { ...failed(memory, now, chance), trouble };
}

/**
 * @param {Memory} memory
 * @param {number} now
 * @param {number} chance
 * @param {number} [retryAfter]
 * @returns {Memory}
 */
function failed(memory, now, chance, retryAfter) {
  const failures = memory.failures + 1;
  return { ...memory, phase: "away", failures, retryAt: now + backoff(failures, chance, retryAfter) * 1000 };
}

/** @param {Memory} memory @returns {Memory} */
function keyLost(memory) {
  return { ...memory, phase: "key-lost", deviceId: "", thumbprint: "", status: null, etag: "" };
}

/**
 * @param {Memory} memory
 * @param {{now: number, status: Status | null, etag: string}} event `status` is null if nothing has changed
 * @returns {Memory}
 */
function looked(memory, { now, status, etag }) {
  // a failed report is a trouble of its own, and so is a pause that the gate has asked for
  const ends = now < memory.reportAt && (!askedTooOften(memory) || now >= memory.retryAt);
  const back = memory.phase === "away" && ends ? working(memory) : memory;
  if (!status) return { ...back, statusAt: now };
  return { ...back, status, etag, statusAt: now, told: remember(status) };
}

/**
 * This computer's clock was set back: planned times may now be hours away, so everything is due.
 *
 * @param {Memory} memory
 * @param {{now: number}} event
 * @returns {Memory}
 */
function clockRead(memory, { now }) {
  const back = Math.max(memory.statusAt, memory.attestedAt) > now + CLOCK_STEP;
  return back ? { ...memory, retryAt: 0, attestedAt: 0, reportAt: 0, statusAt: 0 } : memory;
}

/**
 * A person asks, the browser has just started or the policy has changed: no waiting, and a token of the company is
 * tried again, since it may be another one. A listed extension may have been removed, so the browser reports.
 *
 * @param {Memory} memory
 * @param {{now: number}} event
 * @returns {Memory}
 */
function retried(memory, { now }) {
  const anew = memory.managed && memory.phase === "code-refused";
  const removed = Boolean(memory.status?.verdict.apps.length) && now - memory.attestedAt > TOKEN_SETTLES;
  return { ...memory, retryAt: 0, reportAt: removed ? 0 : memory.reportAt, phase: anew ? "code" : memory.phase };
}

const EVENTS = { configured, clockRead, codeGone, retried, permission, enrolling, enrolled, attested, refused, unreachable, keyLost, looked };

/**
 * The state after an event. Raises TypeError for an unknown event.
 *
 * @param {Memory} memory
 * @param {keyof typeof EVENTS} type
 * @param {object} [event]
 * @returns {Memory}
 */
export function after(memory, type, event = {}) {
  if (!Object.hasOwn(EVENTS, type)) throw new TypeError(`no event is called ${type}`);
  return EVENTS[type](memory, /** @type {any} */ (event));
}

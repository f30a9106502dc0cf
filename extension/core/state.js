/**
 * How each event changes the state of the extension (`memory.js`). Everything that decides about the state is here;
 * nothing here uses the network, the clock or the browser.
 */

import { TOKEN_SETTLES, backoff, reportIn } from "./schedule.js";
import { remember } from "./changes.js";
import { EMPTY } from "./memory.js";
import { REFUSED_TOKEN, askedTooOften, isShut } from "./phases.js";

/** @typedef {import("./memory.js").Memory} Memory */
/** @typedef {import("./memory.js").Phase} Phase */
/** @typedef {import("./status.js").Status} Status */

export { EMPTY };

/** Milliseconds: smaller steps of a clock are normal corrections. */
const CLOCK_STEP = 5000;

/** The popup does not mention a clock that is off by less: the gate allows as much. */
export const SKEW_WORTH_A_WORD = 60;

/** @type {Record<string, Phase>} */
const ENDS = {
  "enrolment-unknown": "code-refused",
  "enrolment-expired": "code-refused",
  "enrolment-used-up": "code-refused",
  "enrolment-revoked": "shut-out",
  "machine-keys-full": "machine-full",
  "key-revoked": "revoked",
  "key-not-enrolled": "not-enrolled",
};

/**
 * The settings of now. A mistake in the company's policy changes nothing in a browser that is enrolled, like a bad file
 * at the gate: the settings before stay in force.
 *
 * @param {Memory} memory
 * @param {Pick<import("../background/settings.js").Settings, "gate" | "managed" | "wrong" | "machine" | "policy">} event
 * @returns {Memory}
 */
function configured(memory, { gate, managed, wrong, machine, policy }) {
  // a policy that goes astray for a while costs no enrolment: the gate knows the key again
  const thumbprint = memory.phase === "revoked" ? "" : memory.thumbprint;
  const fresh = { ...EMPTY, shut: memory.shut, thumbprint, managed, wrong, machine, policy };
  if (wrong) return memory.deviceId ? { ...memory, wrong } : { ...fresh, phase: "policy-wrong" };
  if (!gate) return fresh;
  const now = { ...memory, managed, wrong, machine, policy };
  if (gate !== memory.gate) return entered({ ...fresh, gate });
  return memory.phase === "revoked" && policy && !isShut(now) ? entered({ ...fresh, gate }) : now;
}

/**
 * A browser that knows its gate and has no key.
 *
 * @param {Memory} memory
 * @returns {Memory}
 */
function entered(memory) {
  return { ...memory, phase: isShut(memory) ? "revoked" : "code" };
}

/**
 * @param {Memory} memory
 * @param {{granted: boolean}} event
 * @returns {Memory}
 */
function permission(memory, { granted }) {
  if (!granted) return { ...memory, phase: "permission" };
  if (memory.phase !== "permission") return memory;
  return memory.deviceId ? { ...memory, phase: "active", retryAt: 0 } : entered({ ...memory, retryAt: 0 });
}

/**
 * There is no code or token to enrol with: a code that was being used is lost if the browser was closed meanwhile.
 *
 * @param {Memory} memory
 * @returns {Memory}
 */
function codeGone(memory) {
  const waits = !memory.deviceId && ["enrolling", "away"].includes(memory.phase);
  return waits ? entered({ ...memory, failures: 0, retryAt: 0 }) : memory;
}

/** @param {Memory} memory @returns {Memory} */
function enrolling(memory) {
  return { ...memory, phase: "enrolling", deviceId: "" };
}

/**
 * @param {Memory} memory
 * @param {{deviceId: string, thumbprint: string}} event
 * @returns {Memory}
 */
function enrolled(memory, { deviceId, thumbprint }) {
  return { ...working(memory), deviceId, thumbprint, shut: "", reportAt: 0 };
}

/**
 * @param {Memory} memory
 * @param {{now: number, reportEvery: number, serverTime: number, chance: number, listed: string[], company: string}} event
 * @returns {Memory}
 */
function attested(memory, { now, reportEvery, serverTime, chance, listed, company }) {
  const skew = serverTime - Math.floor(now / 1000);
  // ids that the gate asks for the first time are reported with the next turn
  const news = listed.some((id) => !memory.listed.includes(id));
  const reportAt = news ? now : now + reportIn(reportEvery, chance) * 1000;
  return { ...working(memory), attestedAt: now, reportAt, skew, listed, company };
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
    const shut = reason === "key-revoked" ? memory.policy : memory.shut;
    return { ...memory, deviceId, shut, phase: ENDS[reason], trouble, skew, failures: 0, retryAt: 0, status: null, etag: "" };
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
  const anew = memory.managed && REFUSED_TOKEN.has(memory.phase);
  const removed = Boolean(memory.status?.verdict.apps.length) && now - memory.attestedAt > TOKEN_SETTLES;
  return { ...memory, retryAt: 0, reportAt: removed ? 0 : memory.reportAt, phase: anew ? "code" : memory.phase };
}

/**
 * A page of the mail is being loaded, so that somebody waits for it: the gate is asked now, unless it has asked for a pause itself.
 *
 * @param {Memory} memory
 * @returns {Memory}
 */
function awaited(memory) {
  return memory.phase === "away" && !askedTooOften(memory) ? { ...memory, retryAt: 0 } : memory;
}

const EVENTS = { configured, clockRead, codeGone, retried, awaited, permission, enrolling, enrolled, attested, refused, unreachable, keyLost, looked };

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

/** The tasks that are due now, by the state and the time. Times are milliseconds since 1970 by this computer's clock. */

import { REFUSED_TOKEN, RESTING, isShut } from "./phases.js";
import { SHORTEST_ALARM, TOKEN_SETTLES } from "./schedule.js";

/** @typedef {import("./state.js").Memory} Memory */

const NOT_READY = new Set(["unconfigured", "policy-wrong", "permission"]);

/**
 * Whether to enrol now. A revoked key is replaced only with a new code from a person, or by another policy.
 *
 * @param {Memory} memory
 * @param {{token: string, byHand: boolean}} given
 * @param {number} now
 */
export function enrolsNow(memory, { token, byHand }, now) {
  if (!token || memory.deviceId || NOT_READY.has(memory.phase)) return false;
  if (byHand) return memory.phase !== "away" || now >= memory.retryAt;
  if (memory.phase === "revoked" || isShut(memory) || REFUSED_TOKEN.has(memory.phase)) return false;
  return now >= memory.retryAt;
}

/**
 * Whether a report is due.
 *
 * @param {Memory} memory
 * @param {number} now
 * @param {number} expiresAt when the token ends; 0 without one
 */
export function reportsNow(memory, now, expiresAt) {
  if (!memory.deviceId || RESTING.has(memory.phase)) return false;
  if (now < memory.retryAt) return false;
  return now >= memory.reportAt || now >= expiresAt;
}

/**
 * Whether the gate has refused the token: its key was revoked, or the gate has lost its signing key. A report finds
 * out which. A new token is given some time, otherwise each look would lead to a report; a key that the gate says was
 * revoked is given none.
 *
 * @param {Memory} memory
 * @param {number} now
 */
export function tokenRefused({ status, attestedAt }, now) {
  if (!status?.client.findings.includes("attestation-invalid")) return false;
  return status.client.refused === "key-revoked" || now - attestedAt > TOKEN_SETTLES;
}

/**
 * Whether the gate may be asked for the verdict.
 *
 * @param {Memory} memory
 */
export function mayLook(memory) {
  return Boolean(memory.deviceId) && !RESTING.has(memory.phase);
}

/**
 * Whether to ask for the verdict now: at intervals, or when another try is due. A question that would be due before
 * the next alarm can ring is due now, since it would otherwise be late.
 *
 * @param {Memory} memory
 * @param {number} now
 * @param {number} every seconds
 */
export function looksNow(memory, now, every) {
  if (!mayLook(memory)) return false;
  // alarms may ring a little early
  if (memory.phase === "away") return now + 500 >= memory.retryAt;
  return now + 500 >= memory.statusAt + (every - SHORTEST_ALARM) * 1000;
}

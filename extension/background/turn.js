/**
 * One turn: look at what is set, do what is due, show what came of it. Every event leads here, and turns never
 * overlap. A turn may end at any line, with the worker: the next one finds the state as it was last written.
 */

import { permissionPattern } from "../core/address.js";
import { enrolsNow, looksNow, mayLook, reportsNow } from "../core/due.js";
import { reportOf } from "../core/report.js";
import { alarmIn } from "../core/schedule.js";
import { after } from "../core/state.js";
import { readStatus } from "../core/status.js";
import { alarms, permissions } from "../shim/ext.js";
import { look, post } from "./gate.js";
import { dropHeader, setHeader } from "./header.js";
import { makeKey, readKey } from "./keys.js";
import { readMemory, readSession, writeMemory, writeSession } from "./memory.js";
import { takeReadings } from "./readings.js";
import { readSettings } from "./settings.js";
import { show } from "./show.js";

/** @typedef {import("../core/state.js").Memory} Memory */
/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @typedef {object} Wish
 * @property {boolean} [look] ask for the verdict now
 * @property {boolean} [retry] do not wait for the time of the next try
 */

export const ALARM = "turn";

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Runs what changes the state when no turn is under way: a turn that ends later would write the old one over it.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function between(work) {
  const next = last.catch(() => {}).then(work);
  last = next;
  return next;
}

/**
 * @param {Wish} [wish]
 * @returns {Promise<Memory>} the state after it
 */
export function turn(wish = {}) {
  return between(() => take(wish));
}

/** @param {Wish} wish */
async function take(wish) {
  const settings = await readSettings();
  const before = await readMemory();
  let memory = after(before, "configured", settings);
  if (memory.gate !== before.gate) await writeSession({ token: "", expiresAt: 0, nonce: "" });
  if (wish.retry) memory = after(memory, "retried");
  if (memory.gate) {
    const granted = await permissions.contains({ origins: [permissionPattern(memory.gate)] });
    memory = after(memory, "permission", { granted });
    memory = await checkKey(memory);
    memory = await enrol(memory, settings);
    memory = await report(memory, settings);
  }
  await carry(memory);
  memory = await verdict(memory, settings, wish);
  await writeMemory(memory);
  await show(before, memory);
  await arm(memory, settings);
  return memory;
}

/** @param {Memory} memory */
async function checkKey(memory) {
  if (!memory.deviceId || (await readKey())) return memory;
  await writeSession({ token: "", expiresAt: 0 });
  return after(memory, "keyLost");
}

/**
 * @param {Memory} memory
 * @param {Settings} settings
 */
async function enrol(memory, { enrolmentToken }) {
  const { code, nonce } = await readSession();
  const token = code || enrolmentToken;
  if (!enrolsNow(memory, { token, byHand: Boolean(code) }, Date.now())) return memory;
  // the key of a try without an answer is kept: the gate may have taken it
  const key = (memory.phase === "enrolling" || memory.phase === "away" ? await readKey() : null) ?? (await makeKey());
  const trying = after(memory, "enrolling");
  await writeMemory(trying);
  const answer = await post(`${memory.gate}/.mailgate/enroll`, { token }, { key, nonce, skew: memory.skew });
  if (answer.nonce) await writeSession({ nonce: answer.nonce });
  if (answer.kind === "answer") {
    await writeSession({ code: "", token: "", expiresAt: 0 });
    return after(trying, "enrolled", { deviceId: answer.body.device_id, thumbprint: answer.body.key_thumbprint });
  }
  const state = failure(trying, answer);
  if (state.phase !== "away") await writeSession({ code: "" });
  return state;
}

/**
 * @param {Memory} memory
 * @param {Settings} settings
 */
async function report(memory, settings) {
  const { expiresAt, nonce } = await readSession();
  const key = await readKey();
  if (!key || !reportsNow(memory, Date.now(), expiresAt)) return memory;
  const listed = [...settings.listedExtensions, ...memory.listed];
  const body = reportOf(await takeReadings(settings.managed, listed));
  const answer = await post(`${memory.gate}/.mailgate/attest`, body, { key, nonce, skew: memory.skew });
  if (answer.nonce) await writeSession({ nonce: answer.nonce });
  if (answer.kind !== "answer") return failure(memory, answer);
  const { device_attestation: token, expires_at: ends, server_time: serverTime } = answer.body;
  const now = Date.now();
  // the gate's clock says how long, this computer's clock says until when
  await writeSession({ token, expiresAt: now + (ends - serverTime) * 1000 });
  const { report_every: reportEvery, listed_extensions: asked } = answer.body;
  return after(memory, "attested", { now, reportEvery, serverTime, chance: Math.random(), listed: asked });
}

/**
 * @param {Memory} memory
 * @param {import("./gate.js").Refused | import("./gate.js").Unreachable} answer
 */
function failure(memory, answer) {
  const more = { now: Date.now(), chance: Math.random() };
  return after(memory, answer.kind, { ...answer, ...more });
}

/**
 * A token that has ended would be worse than none.
 *
 * @param {Memory} memory
 */
async function carry(memory) {
  const { token, expiresAt } = await readSession();
  if (token && Date.now() < expiresAt && mayLook(memory)) await setHeader(memory.gate, token);
  else await dropHeader();
}

/**
 * @param {Memory} memory
 * @param {Settings} settings
 * @param {Wish} wish
 */
async function verdict(memory, { statusEvery }, wish) {
  const now = Date.now();
  const wanted = wish.look ? mayLook(memory) : looksNow(memory, now, statusEvery);
  if (!wanted) return memory;
  const { token, expiresAt } = await readSession();
  const answer = await look(`${memory.gate}/.mailgate/status`, now < expiresAt ? token : "", memory.etag);
  if (answer.kind !== "answer") return stillAway(memory, failure(memory, answer));
  if (answer.status === 304) return after(memory, "looked", { now, status: null });
  const status = readStatus(answer.body);
  if (status) return after(memory, "looked", { now, status, etag: answer.etag });
  return failure(memory, { kind: "refused", status: 200, reason: "no-gate", reference: "", serverTime: 0, retryAfter: 0, nonce: "" });
}

/**
 * An open popup looks every few seconds; that must not make the pauses longer.
 *
 * @param {Memory} before
 * @param {Memory} now
 */
function stillAway(before, now) {
  const early = before.phase === "away" && now.phase === "away" && Date.now() < before.retryAt;
  return early ? before : now;
}

/**
 * One alarm for all that comes next; it goes on ringing should a turn not come to its end.
 *
 * @param {Memory} memory
 * @param {Settings} settings
 */
async function arm(memory, { statusEvery }) {
  const now = Date.now();
  const lookAt = mayLook(memory) && memory.phase !== "away" ? memory.statusAt + statusEvery * 1000 : 0;
  const seconds = alarmIn([memory.retryAt, memory.deviceId ? memory.reportAt : 0, lookAt], now);
  await alarms.create(ALARM, { delayInMinutes: seconds / 60, periodInMinutes: 1 });
}

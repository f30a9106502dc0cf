/**
 * One turn: read the settings, do everything that is due, show the result. Every event leads here, and turns never
 * overlap. A turn may end at any line, with the worker: the next one finds the state as it was last written.
 */

import { permissionPattern } from "../core/address.js";
import { looksNow, mayLook, tokenRefused } from "../core/due.js";
import { alarmIn } from "../core/schedule.js";
import { after } from "../core/state.js";
import { readStatus } from "../core/status.js";
import { alarms, permissions } from "../shim/ext.js";
import { NO_GATE, look } from "./gate.js";
import { dropToken, readMemory, readSession, writeMemory } from "./memory.js";
import { checkKey, enrol, failure, prove } from "./prove.js";
import { readSettings } from "./settings.js";
import { show } from "./show.js";

/** @typedef {import("../core/state.js").Memory} Memory */
/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @typedef {object} Wish
 * @property {boolean} [look] ask for the verdict now
 * @property {boolean} [retry] do not wait for the time of the next try
 * @property {boolean} [awaited] a page of the mail is being loaded
 */

export const ALARM = "turn";

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Runs work that changes the state while no turn is running: a turn that ends later would overwrite it with the old state.
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
  if (memory.gate !== before.gate) await dropToken({ nonce: "" });
  memory = await readClock(memory);
  if (wish.awaited) memory = after(memory, "awaited");
  if (wish.retry) memory = after(memory, "retried", { now: Date.now() });
  if (memory.gate) {
    const granted = await permissions.contains({ origins: [permissionPattern(memory.gate)] });
    memory = after(memory, "permission", { granted });
    memory = await checkKey(memory);
    memory = await enrol(memory, settings);
  }
  memory = await prove(memory, settings);
  memory = await verdict(memory, settings, wish);
  if (tokenRefused(memory, Date.now())) {
    await dropToken();
    memory = await verdict(await prove(memory, settings), settings, { look: true });
  }
  await writeMemory(memory);
  await show(before, memory);
  await arm(memory, settings);
  return memory;
}

/**
 * If a clock was set back, a token that seems to be valid may have ended long ago.
 *
 * @param {Memory} memory
 */
async function readClock(memory) {
  const read = after(memory, "clockRead", { now: Date.now() });
  if (read !== memory) await dropToken();
  return read;
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
  return failure(memory, NO_GATE);
}

/**
 * An open popup looks every few seconds; failures of these looks must not make the pauses longer.
 *
 * @param {Memory} before
 * @param {Memory} now
 */
function stillAway(before, now) {
  const early = before.phase === "away" && now.phase === "away" && Date.now() < before.retryAt;
  return early ? before : now;
}

/**
 * One alarm for everything that comes next; it keeps ringing if a turn does not finish.
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

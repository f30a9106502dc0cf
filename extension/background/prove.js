/** How this browser proves itself: its key, its enrolment, its reports, and the header that carries what came of them. */

import { enrolsNow, mayLook, reportsNow } from "../core/due.js";
import { reportOf } from "../core/report.js";
import { after } from "../core/state.js";
import { post } from "./gate.js";
import { dropHeader, setHeader } from "./header.js";
import { makeKey, readKey } from "./keys.js";
import { dropToken, readSession, writeMemory, writeSession } from "./memory.js";
import { takeReadings } from "./readings.js";

/** @typedef {import("../core/state.js").Memory} Memory */
/** @typedef {import("./settings.js").Settings} Settings */

/** @param {Memory} memory */
export async function checkKey(memory) {
  if (!memory.deviceId || (await readKey())) return memory;
  await dropToken();
  return after(memory, "keyLost");
}

/**
 * @param {Memory} memory
 * @param {Settings} settings
 */
export async function enrol(memory, { enrolmentToken }) {
  const { code, nonce } = await readSession();
  const token = code || enrolmentToken;
  if (!token) return after(memory, "codeGone");
  if (!enrolsNow(memory, { token, byHand: Boolean(code) }, Date.now())) return memory;
  // the key of a try without an answer is kept: the gate may have taken it
  const key = (memory.phase === "enrolling" || memory.phase === "away" ? await readKey() : null) ?? (await makeKey());
  if (!key) return after(memory, "keyLost");
  const trying = after(memory, "enrolling");
  await writeMemory(trying);
  const answer = await post(`${memory.gate}/.mailgate/enroll`, { token }, { key, nonce, skew: memory.skew });
  if (answer.nonce) await writeSession({ nonce: answer.nonce });
  if (answer.kind === "answer") {
    await dropToken({ code: "" });
    return after(trying, "enrolled", { deviceId: answer.body.device_id, thumbprint: answer.body.key_thumbprint });
  }
  const state = failure(trying, answer);
  if (state.phase !== "away") await writeSession({ code: "" });
  return state;
}

/**
 * A token, where it is time for one, and the header that carries it.
 *
 * @param {Memory} memory
 * @param {Settings} settings
 */
export async function prove(memory, settings) {
  const proved = await report(memory, settings);
  await carry(proved);
  return proved;
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
export function failure(memory, answer) {
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

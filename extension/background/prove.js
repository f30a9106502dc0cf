/** How this browser proves itself: its key, its enrolment, its reports, and the header with the token that they yield. */

import { readAttested, readEnrolled } from "../core/answers.js";
import { enrolsNow, mayLook, reportsNow } from "../core/due.js";
import { isShut } from "../core/phases.js";
import { BARE_REPORT, reportOf } from "../core/report.js";
import { after } from "../core/state.js";
import { NO_GATE, post } from "./gate.js";
import { permissions } from "../shim/ext.js";
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
export async function enrol(memory, { enrolmentToken, machine, owner }) {
  const { code, nonce } = await readSession();
  const token = code || (isShut(memory) ? "" : enrolmentToken);
  if (!token) return after(memory, "codeGone");
  if (!enrolsNow(memory, { token, byHand: Boolean(code) }, Date.now())) return memory;
  const key = await keyToEnrol(memory);
  if (!key) return after(memory, "keyLost");
  const trying = after(memory, "enrolling");
  await writeMemory(trying);
  const answer = await post(`${memory.gate}/.mailgate/enroll`, enrolment(token, { machine, owner }), { key, nonce, skew: memory.skew });
  if (answer.nonce) await writeSession({ nonce: answer.nonce });
  const taken = answer.kind === "answer" ? readEnrolled(answer.body) : null;
  if (taken) {
    await dropToken({ code: "" });
    return after(trying, "enrolled", taken);
  }
  const state = failure(trying, answer.kind === "answer" ? NO_GATE : answer);
  if (state.phase !== "away") await writeSession({ code: "" });
  return state;
}

/**
 * What an enrolment sends. A policy that names no computer says nothing of it.
 *
 * @param {string} token
 * @param {Pick<Settings, "machine" | "owner">} settings
 */
export function enrolment(token, { machine, owner }) {
  return { token, ...(machine ? { machine } : {}), ...(owner ? { owner } : {}) };
}

/** A key that was good is used again, and that of a try without an answer: the gate may have accepted it. @param {Memory} memory */
async function keyToEnrol({ phase, thumbprint }) {
  return (thumbprint || phase === "enrolling" || phase === "away" ? await readKey() : null) ?? makeKey();
}

/**
 * Gets a token if one is due, and sets the header that carries it.
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
  const tells = settings.managed || (await maySendTechnicalData());
  const body = tells ? reportOf(await takeReadings(settings.managed, listed)) : BARE_REPORT;
  const answer = await post(`${memory.gate}/.mailgate/attest`, body, { key, nonce, skew: memory.skew });
  if (answer.nonce) await writeSession({ nonce: answer.nonce });
  if (answer.kind !== "answer") return failure(memory, answer);
  const attested = readAttested(answer.body);
  if (!attested) return failure(memory, NO_GATE);
  const now = Date.now();
  // the gate's clock says how long, this computer's clock says until when
  await writeSession({ token: attested.token, expiresAt: now + attested.life * 1000 });
  return after(memory, "attested", { now, chance: Math.random(), ...attested });
}

/** Whether the person has left that on at the installation; only Firefox asks. A company decides for its own computers. */
async function maySendTechnicalData() {
  const { data_collection: allowed } = /** @type {any} */ (await permissions.getAll());
  return allowed === undefined || allowed.includes("technicalAndInteraction");
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
 * Takes an expired token away, since it would be worse than none.
 *
 * @param {Memory} memory
 */
async function carry(memory) {
  const { token, expiresAt } = await readSession();
  if (token && Date.now() < expiresAt && mayLook(memory)) await setHeader(memory.gate, token);
  else await dropHeader();
}

/**
 * Enrols anew in a browser that is enrolled already. Until the gate has accepted the new key, the existing enrolment
 * does not change: a mistyped code or address costs nothing.
 */

import { readEnrolled } from "../core/answers.js";
import { EMPTY, after } from "../core/state.js";
import { NO_GATE, post } from "./gate.js";
import { NEXT, dropKey, makeKey, promoteKey, readKey } from "./keys.js";
import { dropToken, readSession, writeMemory } from "./memory.js";
import { enrolment, failure } from "./prove.js";
import { readSettings, writeGate } from "./settings.js";

/** @typedef {import("../core/state.js").Memory} Memory */

/**
 * @param {Memory} memory
 * @param {string} gate
 * @param {string} code
 * @returns {Promise<Memory | null>} the state after this try alone; null if it succeeded
 */
export async function enrolAnew(memory, gate, code) {
  const { managed, wrong, machine, policy, shut, skew, told } = memory;
  const same = gate === memory.gate ? { skew, told } : {};
  const trying = { ...EMPTY, managed, wrong, machine, policy, shut, ...same, gate, phase: /** @type {const} */ ("enrolling") };
  // the key of a try without an answer is used again: the gate may have accepted it
  const key = (await readKey(NEXT)) ?? (await makeKey(NEXT));
  if (!key) return after(trying, "keyLost");
  const nonce = gate === memory.gate ? (await readSession()).nonce : "";
  const answer = await post(`${gate}/.mailgate/enroll`, enrolment(code, await readSettings()), { key, nonce, skew: trying.skew });
  const taken = answer.kind === "answer" ? readEnrolled(answer.body) : null;
  if (!taken) return refused(trying, answer.kind === "answer" ? NO_GATE : answer);
  await promoteKey();
  if (!managed) await writeGate(gate);
  await writeMemory(after(trying, "enrolled", taken));
  await dropToken({ code: "", nonce: answer.nonce });
  return null;
}

/**
 * @param {Memory} trying
 * @param {import("./gate.js").Refused | import("./gate.js").Unreachable} answer
 */
async function refused(trying, answer) {
  const tried = failure(trying, answer);
  if (tried.phase !== "away") await dropKey(NEXT);
  return tried;
}

/** The messages that the extension's own pages may send to the worker: those in this table and no others. */

import { gateOrigin } from "../core/address.js";
import { diagnosticsOf } from "../core/diagnostics.js";
import { isEnrolled } from "../core/phases.js";
import { EMPTY } from "../core/state.js";
import { runtime } from "../shim/ext.js";
import { enrolAnew } from "./anew.js";
import { dropKeys } from "./keys.js";
import { mayAskOfMachine } from "./machine.js";
import { dropToken, readMemory, readSession, writeMemory } from "./memory.js";
import { takeReadings } from "./readings.js";
import { dropGate, readSettings, writeGate } from "./settings.js";
import { between, turn } from "./turn.js";

/** The state as it was last written, at once and without a request. */
async function state() {
  const [memory, { listedExtensions }] = await Promise.all([readMemory(), readSettings()]);
  return { memory, asksForExtensions: listedExtensions.length + memory.listed.length > 0, asksOfMachine: mayAskOfMachine() };
}

/** Look now. `byHand`: a person asks, so a pause between tries ends too. @param {{byHand?: boolean}} asked */
async function check({ byHand = false }) {
  return { memory: await turn({ look: true, retry: byHand }) };
}

/** @param {{gate?: unknown, code?: unknown}} asked */
async function enrol(asked) {
  const { managed, gate: known } = await readSettings();
  const typed = typeof asked.gate === "string" ? gateOrigin(asked.gate) : null;
  const gate = managed ? known : typed;
  if (!gate) return { error: "address" };
  const code = typeof asked.code === "string" ? asked.code.trim() : "";
  const { error, tried } = await between(() => begin(gate, code, managed));
  return error ? { error } : { memory: await turn({ look: true, retry: true }), tried };
}

/**
 * @param {string} gate
 * @param {string} code empty if none was typed
 * @param {boolean} managed
 * @returns {Promise<{error?: string, tried?: import("../core/state.js").Memory | null}>} `tried`: the state after a
 *   code that failed and left this browser enrolled as it was
 */
async function begin(gate, code, managed) {
  const memory = await readMemory();
  if (isEnrolled(memory)) {
    if (code) return { tried: await enrolAnew(memory, gate, code) };
    return managed || gate === memory.gate ? {} : { error: "code" };
  }
  if (!managed) await writeGate(gate);
  if (code) await takeCode(memory, gate, code);
  return {};
}

/**
 * A new code gets a new key, so that a revoked key is never shown again. The key of a try without an answer is kept
 * for the same code: the gate may have accepted it.
 *
 * @param {import("../core/state.js").Memory} memory
 * @param {string} gate
 * @param {string} code
 */
async function takeCode(memory, gate, code) {
  const again = memory.gate === gate && ["enrolling", "away"].includes(memory.phase);
  if (again && (await readSession()).code === code) return;
  await dropKeys();
  const { managed, machine, policy, shut, skew, told } = memory;
  const phase = memory.gate ? "code" : "unconfigured";
  await writeMemory({ ...EMPTY, phase, gate: memory.gate, managed, machine, policy, shut, skew, told });
  await dropToken({ code });
}

/** Forget this browser's key and the person's settings, but not that it was shut out. */
async function forget() {
  await between(async () => {
    await dropKeys();
    await dropGate();
    await writeMemory({ ...EMPTY, shut: (await readMemory()).shut });
    await dropToken({ code: "", nonce: "" });
  });
  return { memory: await turn() };
}

async function diagnostics() {
  const [memory, { expiresAt }] = await Promise.all([readMemory(), readSession()]);
  const { browser, os, osVersion } = await takeReadings(memory.managed, []);
  const about = {
    version: runtime.getManifest().version,
    browser: `${browser.name} ${browser.version}`,
    system: `${os} ${osVersion}`,
    tokenUntil: expiresAt,
    now: Date.now(),
  };
  return { text: diagnosticsOf(memory, about) };
}

/** @type {Record<string, (asked: any) => Promise<object>>} */
const HANDLERS = { state, check, enrol, forget, diagnostics };

/**
 * Answers the extension's own pages; says nothing to anybody else.
 *
 * @param {any} message
 * @param {chrome.runtime.MessageSender} sender
 * @param {(answer: object) => void} answer
 * @returns {boolean} whether an answer will come
 */
export function onMessage(message, sender, answer) {
  if (sender.id !== runtime.id || !sender.url?.startsWith(runtime.getURL(""))) return false;
  if (typeof message?.type !== "string" || !Object.hasOwn(HANDLERS, message.type)) return false;
  HANDLERS[message.type](message).then(answer, () => answer({ error: "internal" }));
  return true;
}

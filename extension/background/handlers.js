/** What the extension's own pages may ask of the worker: this table, and nothing else. */

import { gateOrigin } from "../core/address.js";
import { diagnosticsOf } from "../core/diagnostics.js";
import { EMPTY } from "../core/state.js";
import { runtime } from "../shim/ext.js";
import { dropKey } from "./keys.js";
import { dropToken, readMemory, readSession, writeMemory } from "./memory.js";
import { takeReadings } from "./readings.js";
import { dropGate, readSettings, writeGate } from "./settings.js";
import { between, turn } from "./turn.js";

/** The state as it was last written: at once, without asking anybody. */
async function state() {
  const [memory, { listedExtensions }] = await Promise.all([readMemory(), readSettings()]);
  return { memory, asksForExtensions: listedExtensions.length + memory.listed.length > 0 };
}

/** Look now. `byHand`: a person asks, so a pause between tries ends, too. @param {{byHand?: boolean}} asked */
async function check({ byHand = false }) {
  return { memory: await turn({ look: true, retry: byHand }) };
}

/** @param {{gate?: unknown, code?: unknown}} asked */
async function enrol({ gate, code }) {
  const { managed } = await readSettings();
  const origin = typeof gate === "string" ? gateOrigin(gate) : null;
  if (!managed && !origin) return { error: "address" };
  if (!managed && origin) await writeGate(origin);
  if (typeof code === "string" && code.trim()) await between(() => replaceEnrolment(code.trim()));
  return { memory: await turn({ look: true, retry: true }) };
}

/** A new code stands for a new key, so that a revoked one is never shown again. @param {string} code */
async function replaceEnrolment(code) {
  await dropKey();
  const { gate, managed, skew, told } = await readMemory();
  await writeMemory({ ...EMPTY, phase: gate ? "code" : "unconfigured", gate, managed, skew, told });
  await dropToken({ code });
}

/** Forget this browser's key and what the person has set. */
async function forget() {
  await between(async () => {
    await dropKey();
    await dropGate();
    await writeMemory({ ...EMPTY });
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

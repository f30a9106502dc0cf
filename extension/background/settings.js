/** The company's settings by policy, or else the person's in the options. */

import { gateOrigin } from "../core/address.js";
import { base64url } from "../core/jose.js";
import { mistakeIn } from "../core/policy.js";
import { statusEvery } from "../core/schedule.js";
import { storage } from "../shim/ext.js";

/**
 * @typedef {object} Settings
 * @property {string | null} gate
 * @property {boolean} managed
 * @property {string} wrong the mistake in the company's policy; empty without one
 * @property {string} enrolmentToken of the policy
 * @property {string} machine the company's name of this computer
 * @property {string} owner the login name of the person whose computer it is
 * @property {string} policy a digest of token and computer, which tells one policy from another; empty without a token
 * @property {number} statusEvery seconds
 * @property {string[]} listedExtensions
 */

/** @returns {Promise<Settings>} */
export async function readSettings() {
  const policy = await readPolicy();
  const wrong = mistakeIn(policy);
  const { statusEvery: every, listedExtensions = [], ...said } = wrong ? {} : policy;
  const both = { wrong, statusEvery: statusEvery(every), listedExtensions };
  if (!wrong && !said.gate) return { ...both, ...NO_POLICY, gate: await gateOfPerson() };
  const { enrolmentToken = "", machine = "", owner = "" } = said;
  const gate = wrong ? null : gateOrigin(said.gate);
  const mark = enrolmentToken ? await digest(`${machine}\n${enrolmentToken}`) : "";
  return { ...both, gate, managed: true, enrolmentToken, machine, owner, policy: mark };
}

const NO_POLICY = { managed: false, enrolmentToken: "", machine: "", owner: "", policy: "" };

async function gateOfPerson() {
  const { gate } = await storage.local.get("gate");
  return typeof gate === "string" ? gate : null;
}

/** @param {string} text */
async function digest(text) {
  return base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** @param {string} gate */
export async function writeGate(gate) {
  await storage.local.set({ gate });
}

/** Forget the person's settings. */
export async function dropGate() {
  await storage.local.remove("gate");
}

/** @returns {Promise<Record<string, any>>} */
async function readPolicy() {
  try {
    return await storage.managed.get(null);
  } catch {
    return {}; // Firefox raises if there is no policy for this extension
  }
}

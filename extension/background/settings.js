/** The company's settings by policy, or else the person's in the options. */

import { gateOrigin } from "../core/address.js";
import { statusEvery } from "../core/schedule.js";
import { storage } from "../shim/ext.js";

/**
 * @typedef {object} Settings
 * @property {string | null} gate
 * @property {boolean} managed
 * @property {string} enrolmentToken of the policy
 * @property {number} statusEvery seconds
 * @property {string[]} listedExtensions
 */

/** @returns {Promise<Settings>} */
export async function readSettings() {
  const policy = await readPolicy();
  const ofCompany = typeof policy.gate === "string" ? gateOrigin(policy.gate) : null;
  const { gate } = ofCompany ? { gate: ofCompany } : await storage.local.get("gate");
  const listed = Array.isArray(policy.listedExtensions) ? policy.listedExtensions : [];
  return {
    gate: typeof gate === "string" ? gate : null,
    managed: ofCompany !== null,
    enrolmentToken: ofCompany && typeof policy.enrolmentToken === "string" ? policy.enrolmentToken : "",
    statusEvery: statusEvery(policy.statusEvery),
    listedExtensions: listed.filter((/** @type {unknown} */ id) => typeof id === "string"),
  };
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

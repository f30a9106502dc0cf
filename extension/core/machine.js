/** What a helper on the computer, or ChromeOS, says of the machine. Whatever is odd or missing is unknown, never false. */

import { cut } from "./report.js";

/**
 * @typedef {object} Machine as `docs/attestation.md` has it
 * @property {boolean | null} disk_encrypted
 * @property {boolean | null} screen_lock
 * @property {boolean | null} firewall
 * @property {string} serial
 * @property {string} asset_id
 * @property {string} location
 * @property {string} hostname
 */

const SWITCHES = /** @type {const} */ (["disk_encrypted", "screen_lock", "firewall"]);
const NAMES = /** @type {const} */ (["serial", "asset_id", "location", "hostname"]);

/**
 * @param {any} helper the helper's answer; null without one
 * @param {any} chromeos the attributes that the company gave this Chromebook; null elsewhere
 * @returns {Machine | null} null if nobody says anything
 */
export function machineOf(helper, chromeos) {
  if (!helper && !chromeos) return null;
  const said = { ...chromeos, ...helper };
  const switches = SWITCHES.map((name) => [name, typeof said[name] === "boolean" ? said[name] : null]);
  const names = NAMES.map((name) => [name, typeof said[name] === "string" ? cut(said[name]) : ""]);
  return Object.fromEntries([...switches, ...names]);
}

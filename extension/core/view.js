/** Turns the state into what is shown: message keys and plain values, in one place for popup, badge and tests. */

import { RESTING, askedTooOften } from "./phases.js";
import { fixKey, reasonKey } from "./texts.js";
import { SKEW_WORTH_A_WORD } from "./state.js";

/** @typedef {import("./state.js").Memory} Memory */
/** @typedef {import("./status.js").Device} Device */
/** @typedef {import("./status.js").Verdict} Verdict */

/** @typedef {[key: string, ...substitutions: string[]]} Text a message and its substitutions */
/** @typedef {"ok" | "warned" | "blocked" | "waiting"} Tone */

/**
 * @typedef {object} Line the texts about one verdict
 * @property {Tone} tone
 * @property {Text} state
 * @property {Text | null} reason
 * @property {Text | null} fix
 * @property {string} contact
 * @property {string} deadline ISO 8601, or empty
 */

/**
 * @typedef {object} View
 * @property {Tone} tone of this browser, for the badge and the headline
 * @property {Text} headline the one sentence
 * @property {Text | null} explained what to do about the state of the extension itself
 * @property {Line | null} here the verdict on this browser, if it is known
 * @property {(Line & {id: string, kind: string, system: string, tail: string})[]} devices this browser first; `tail` only if another device looks the same
 * @property {boolean} setUp whether the set-up is a way out
 * @property {boolean} checks whether asking again may help
 * @property {number} againAt the time of the next try if people should know it: milliseconds since 1970, or 0
 * @property {number} minutesOff by how much this computer's clock is off
 */

/** @type {Record<Verdict["effect"], Tone>} */
const TONES = { allow: "ok", warn: "warned", challenge: "blocked", block: "blocked" };

const HERE = "kind_here";
const KINDS = new Set(["laptop", "phone", "tablet", "mail_app"]);

const SYSTEMS = new Map([
  ["android", "Android"],
  ["chromeos", "ChromeOS"],
  ["ios", "iOS"],
  ["ipados", "iPadOS"],
  ["linux", "Linux"],
  ["macos", "macOS"],
  ["windows", "Windows"],
]);

/**
 * @param {Memory} memory
 * @returns {View}
 */
export function viewOf(memory) {
  const { phase, status, skew } = memory;
  const known = status && !RESTING.has(phase) ? status : null;
  const here = known ? lineOf(known.verdict, "here") : null;
  const own = phase === "active" && here ? { tone: here.tone, headline: here.state, explained: null } : ownState(memory);
  return {
    ...own,
    here,
    devices: known ? linesOf(known.devices) : [],
    ...waysOut(memory),
    againAt: askedTooOften(memory) ? memory.retryAt : 0,
    minutesOff: Math.abs(skew) > SKEW_WORTH_A_WORD ? Math.round(Math.abs(skew) / 60) : 0,
  };
}

/** @param {Memory} memory */
function waysOut({ phase, gate, managed, deviceId }) {
  const resting = RESTING.has(phase);
  // an address that has never answered may be mistyped
  const mistyped = phase === "away" && !deviceId && !managed;
  const tokenAgain = managed && phase === "code-refused";
  return { setUp: resting || mistyped, checks: Boolean(gate) && (!resting || tokenAgain) };
}

/**
 * The texts about the extension itself, if there is no verdict to show.
 *
 * @param {Memory} memory
 * @returns {{tone: Tone, headline: Text, explained: Text}}
 */
function ownState(memory) {
  const key = phaseKey(memory.phase, memory);
  const host = hostOf(memory.gate);
  return {
    tone: memory.phase === "revoked" ? "blocked" : "waiting",
    headline: [key, host],
    explained: [`${key}_fix`, host],
  };
}

/**
 * @param {import("./state.js").Phase} phase
 * @param {Memory} memory
 */
function phaseKey(phase, memory) {
  if (askedTooOften(memory)) return "phase_too_often";
  const key = `phase_${phase.replaceAll("-", "_")}`;
  return phase === "code-refused" && memory.managed ? "phase_token_refused" : key;
}

/**
 * @param {Verdict} verdict
 * @param {"here" | "device"} whose
 * @returns {Line}
 */
function lineOf(verdict, whose) {
  const open = verdict.effect === "allow";
  const fix = fixKey(verdict);
  return {
    tone: TONES[verdict.effect],
    state: [`${whose}_${verdict.effect}`],
    reason: open ? null : [reasonKey(verdict), verdict.apps.join(", "), verdict.title],
    // the listed app may be an extension of this browser, which no device management has to look for
    fix: open ? null : whose === "here" && fix[0] === "fix_remove_app" ? ["fix_remove_here", ...fix.slice(1)] : fix,
    contact: open ? "" : verdict.contact,
    deadline: verdict.deadline,
  };
}

/** @param {Device[]} devices */
function linesOf(devices) {
  const lines = devices.map(deviceLine).sort((one, other) => Number(other.kind === HERE) - Number(one.kind === HERE));
  const twins = (/** @type {{kind: string, system: string}} */ { kind, system }) =>
    lines.filter((line) => line.kind === kind && line.system === system).length > 1;
  return lines.map((line) => ({ ...line, tail: twins(line) ? line.tail : "" }));
}

/** @param {Device} device */
function deviceLine(device) {
  const line = device.verdict
    ? lineOf(device.verdict, "device")
    : { tone: /** @type {Tone} */ ("waiting"), state: unjudged(device), reason: null, fix: null, contact: "", deadline: "" };
  const kind = device.here ? HERE : `kind_${KINDS.has(device.kind) ? device.kind : "other"}`;
  // the texts about this browser are above already
  const said = device.here ? { ...line, reason: null, fix: null, deadline: "" } : line;
  return { ...said, id: device.id, kind, system: systemOf(device), tail: device.tail };
}

/**
 * The system as its maker writes it. Browsers name other versions of Windows than people do, so that version is left out.
 *
 * @param {Device} device
 */
function systemOf({ os, osVersion }) {
  const name = SYSTEMS.get(os) ?? os;
  return os === "windows" || !osVersion ? name : `${name} ${osVersion}`;
}

/**
 * @param {Device} device
 * @returns {Text}
 */
function unjudged(device) {
  return device.apps.length > 0 ? ["device_apps", device.apps.join(", ")] : ["device_reported"];
}

/** @param {string} gate */
function hostOf(gate) {
  return gate ? new URL(gate).host : "";
}

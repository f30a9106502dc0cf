/** Turns the state into what is shown: message keys and plain values, in one place for popup, badge and tests. */

import { REFUSED_TOKEN, RESTING, askedTooOften } from "./phases.js";
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
 * @property {Text} badge the same in two words
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
 * @property {string} company the company's name, or else the host of its mail; empty if neither is known
 * @property {string} quoted what the help desk needs of a mistake in the policy, in the policy's words
 * @property {Text | null} named the company's name of this computer, where people need it to ask for help
 * @property {Text} badge what this browser gets in two words, or where it stands
 * @property {Line | null} here the verdict on this browser, if it is known
 * @property {DeviceLine | null} remove the first of the person's other devices that loses mail by an app, while it opens here
 * @property {DeviceLine[]} devices the person's others; `tail` only if another device looks the same
 * @property {Step[]} steps what people can do next, the one that helps most first
 * @property {string} reference of a refusal
 * @property {number} againAt the time of the next try if people should know it: milliseconds since 1970, or 0
 * @property {number} minutesOff by how much this computer's clock is off
 */

/** @typedef {Line & {id: string, kind: string, system: string, tail: string}} DeviceLine */
/** @typedef {"set-up" | "how" | "check" | "open" | "help"} Step */

/** @type {Record<Verdict["effect"], Tone>} */
const TONES = { allow: "ok", warn: "warned", challenge: "blocked", block: "blocked" };

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
  const own = phase === "active" && here ? ofVerdict(here) : ownState(memory);
  const devices = known ? linesOf(known.devices) : [];
  const remove = own.tone === "ok" ? (devices.find(losesMailByApp) ?? null) : null;
  return {
    ...own,
    ...namesOf(memory),
    quoted: memory.wrong,
    here,
    remove,
    devices,
    steps: stepsOf(memory, own.tone, remove),
    reference: own.tone === "blocked" && known ? known.reference : "",
    againAt: askedTooOften(memory) ? memory.retryAt : 0,
    minutesOff: minutesOff(skew),
  };
}

/** @param {number} skew seconds */
function minutesOff(skew) {
  return Math.abs(skew) > SKEW_WORTH_A_WORD ? Math.round(Math.abs(skew) / 60) : 0;
}

const NAMED = new Set(["revoked", "shut-out", "machine-full"]);

/** @param {Line} here */
function ofVerdict({ tone, state, badge }) {
  return { tone, headline: state, explained: null, badge };
}

/** @param {DeviceLine} device */
function losesMailByApp({ kind, tone, fix, deadline }) {
  const loses = tone === "blocked" || (tone === "warned" && deadline !== "");
  return loses && fix?.[0] === "fix_remove_app" && REMOVES.has(kind);
}

/**
 * @param {Memory} memory
 * @returns {Pick<View, "company" | "named">}
 */
function namesOf({ phase, machine, company, gate }) {
  return { company: company || hostOf(gate), named: NAMED.has(phase) && machine ? ["computer_name", machine] : null };
}

/**
 * @param {Memory} memory
 * @param {Tone} tone
 * @param {DeviceLine | null} remove
 * @returns {Step[]}
 */
function stepsOf(memory, tone, remove) {
  if (memory.phase !== "active") return waysOut(memory);
  if (remove) return ["how", "open"];
  return STEPS[tone];
}

/** @type {Record<Tone, Step[]>} */
const STEPS = { ok: ["open"], warned: ["open", "check"], blocked: ["check", "help"], waiting: ["check"] };

/**
 * @param {Memory} memory
 * @returns {Step[]}
 */
function waysOut({ phase, managed, deviceId }) {
  // an address that has never answered may be mistyped
  if (phase === "away") return deviceId || managed ? ["check"] : ["check", "set-up"];
  if (managed && REFUSED_TOKEN.has(phase)) return ["check", "set-up"];
  return RESTING.has(phase) && phase !== "policy-wrong" ? ["set-up"] : ["check"];
}

/** The headline that says what to remove, by kind of device. */
export const REMOVES = new Map([
  ["kind_phone", "headline_remove_phone"],
  ["kind_tablet", "headline_remove_tablet"],
]);

/** @type {Map<string, string>} */
const BADGES = new Map([
  ["active", "checking"],
  ["away", "badge_not_connected"],
  ["policy-wrong", "badge_set_up_wrongly"],
  ["revoked", "device_block"],
  ["shut-out", "device_block"],
]);

/**
 * The texts about the extension itself, if there is no verdict to show.
 *
 * @param {Memory} memory
 * @returns {{tone: Tone, headline: Text, explained: Text, badge: Text}}
 */
function ownState(memory) {
  const key = phaseKey(memory.phase, memory);
  const host = hostOf(memory.gate);
  return {
    tone: memory.phase === "revoked" || memory.phase === "shut-out" ? "blocked" : "waiting",
    headline: [key, host],
    explained: [`${key}_fix`, host],
    badge: [BADGES.get(memory.phase) ?? "badge_not_added"],
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
    badge: [`device_${verdict.effect}`],
    reason: open ? null : [reasonKey(verdict), verdict.apps.join(", "), verdict.title],
    // the listed app may be an extension of this browser, which no device management has to look for
    fix: open ? null : whose === "here" && fix[0] === "fix_remove_app" ? ["fix_remove_here", ...fix.slice(1)] : fix,
    contact: open ? "" : verdict.contact,
    deadline: verdict.deadline,
  };
}

/** @param {Device[]} devices */
function linesOf(devices) {
  const lines = devices.filter(({ here }) => !here).map(deviceLine);
  const twins = (/** @type {{kind: string, system: string}} */ { kind, system }) =>
    lines.filter((line) => line.kind === kind && line.system === system).length > 1;
  return lines.map((line) => ({ ...line, tail: twins(line) ? line.tail : "" }));
}

/**
 * @param {Device} device
 * @returns {DeviceLine}
 */
function deviceLine(device) {
  const kind = `kind_${KINDS.has(device.kind) ? device.kind : "other"}`;
  const about = { id: device.id, kind, system: systemOf(device), tail: device.tail };
  if (device.verdict) return { ...lineOf(device.verdict, "device"), ...about };
  const state = unjudged(device);
  return { tone: "waiting", state, badge: state, reason: null, fix: null, contact: "", deadline: "", ...about };
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

/** The company's policy, read with care: only some browsers hold it against its schema. */

import { gateOrigin } from "./address.js";

/** @type {Record<string, "string" | "integer" | "array">} the settings of `managed_schema.json` */
const SETTINGS = {
  gate: "string",
  enrolmentToken: "string",
  machine: "string",
  owner: "string",
  statusEvery: "integer",
  listedExtensions: "array",
};
const OF_ANY_GATE = new Set(["statusEvery", "listedExtensions"]);
const LONGEST = 255;

/**
 * The first mistake in a policy, in its own words, for the people who wrote it; empty if there is none. A token is
 * never repeated.
 *
 * @param {Record<string, unknown>} policy
 */
export function mistakeIn(policy) {
  const names = Object.keys(policy);
  if (names.length === 0) return "";
  // what a newer version may know is no mistake
  const wrong = names.find((name) => Object.hasOwn(SETTINGS, name) && !fits(policy[name], SETTINGS[name]));
  if (wrong !== undefined) return `${wrong}: use ${SETTINGS[wrong] === "array" ? "a list of texts" : `one ${SETTINGS[wrong]}`}`;
  const { gate, machine = "", owner = "" } = /** @type {Record<string, string>} */ (policy);
  if (!gate) return names.every((name) => OF_ANY_GATE.has(name)) ? "" : `gate is missing; there is ${names.map(cut).join(", ")}`;
  if (!gateOrigin(gate)) return `gate: “${cut(gate)}” is no address like https://mail.example.com`;
  const long = [machine, owner].find((name) => name.length > LONGEST || !/^[^\p{Cc}]*$/u.test(name));
  return long === undefined ? "" : `machine, owner: use 1 to ${LONGEST} printable characters`;
}

/**
 * @param {unknown} value
 * @param {"string" | "integer" | "array"} kind
 */
function fits(value, kind) {
  if (kind === "array") return Array.isArray(value) && value.every((each) => typeof each === "string");
  return kind === "integer" ? Number.isInteger(value) : typeof value === "string";
}

/** @param {string} text */
function cut(text) {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

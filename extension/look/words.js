/** Words on a page: the language's direction, the texts of its elements, dates and spans of time. */

import { OWN_WORDS } from "../core/texts.js";
import { i18n } from "../shim/ext.js";
import { when } from "./when.js";

/**
 * @param {import("../core/view.js").Text} text
 * @returns {string}
 */
export function say([key, ...values]) {
  return key === OWN_WORDS ? values[0] : i18n.getMessage(key, values);
}

/** @type {Record<string, string>} the form of a badge, as in look/style.css */
const FORMS = { ok: "ok", warned: "warn", blocked: "no" };

/**
 * @param {HTMLElement} badge
 * @param {string} tone
 * @param {string} words
 */
export function putBadge(badge, tone, words) {
  badge.className = `badge ${FORMS[tone] ?? "off"}`;
  badge.textContent = words;
}

/** The language of the texts. A browser in a language without texts shows them, and its dates, in English. */
function language() {
  return i18n.getMessage("language");
}

/** Fills every element that names its message, and sets its language. */
export function translatePage() {
  document.documentElement.lang = language();
  document.documentElement.dir = i18n.getMessage("@@bidi_dir");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = i18n.getMessage(/** @type {HTMLElement} */ (element).dataset.text ?? "");
  }
}

/**
 * Shows a text, or hides its element if there is none. Writes only differences, since a screen reader reads
 * everything that is written to a live region.
 *
 * @param {string} id
 * @param {string | null} text
 */
export function put(id, text) {
  const element = byId(id);
  element.hidden = !text;
  if (text !== null && element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new TypeError(`this page has no element ${id}`);
  return found;
}

/**
 * Shows a mistake of the company's policy in the words of the policy, with who needs it.
 *
 * @param {import("../core/view.js").View} view
 */
export function putMistake({ quoted, headline }) {
  put("mistake", quoted && headline[0] !== "phase_policy_wrong" ? say(["policy_mistake"]) : null);
  byId("quoted").hidden = !quoted;
  byId("quoted").textContent = quoted;
}

/**
 * A deadline with the remaining time, or null if there is none or it has passed.
 *
 * @param {string} deadline ISO 8601, or empty
 * @param {number} now milliseconds since 1970
 */
export function deadlineText(deadline, now) {
  const at = Date.parse(deadline);
  if (Number.isNaN(at) || at <= now) return null;
  return i18n.getMessage("deadline", [momentText(at), fromNow(at, now)]);
}

/**
 * A day and its time, as people write them: "Tue, Dec 8, 9:00 AM".
 *
 * @param {number} at
 */
export function momentText(at) {
  return when(new Date(at), "in", language());
}

/** @param {number} at */
export function dayText(at) {
  return when(new Date(at), "day", language());
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/**
 * "in 3 days", in the person's language.
 *
 * @param {number} at
 * @param {number} now
 */
export function fromNow(at, now) {
  const left = at - now;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(left) >= 2 * size) ?? UNITS[3];
  return new Intl.RelativeTimeFormat(language()).format(Math.trunc(left / size), unit);
}

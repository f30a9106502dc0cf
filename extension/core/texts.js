/** The message for a reason or a fix. Reasons that a newer gate may add get general words, never none. */

/** @typedef {import("./status.js").Verdict} Verdict */

const REASONS = new Set([
  "prohibited-app",
  "rule-matched",
  "no-rule-matched",
  "rule-error",
  "posture-missing",
  "posture-stale",
  "posture-partial",
  "posture-unavailable",
  "device-noncompliant",
  "compliance-unknown",
  "kind-contradicted",
  "kind-unknown",
  "kind-refused",
  "update-required",
  "version-unknown",
  "extension-required",
  "attestation-required",
  "attestation-invalid",
  "probe-required",
  "device-lost",
  "device-contradicted",
]);

const FIXES = new Set([
  "remove-app",
  "set-up-device",
  "report-again",
  "another-way",
  "meet-requirements",
  "wait",
  "use-mobile-site",
  "use-known-browser",
  "use-other-device",
  "update",
  "ask",
]);

/** A fix without spaces is a code, even if this version does not know it; a sentence of the admin's own has spaces. */
const CODE = /^[a-z]+(-[a-z]+)+$/;

/** The fixes if the rule names none. @type {Record<string, string>} */
const FIX_OF_REASON = {
  "prohibited-app": "remove-app",
  "posture-missing": "set-up-device",
  "posture-stale": "report-again",
  "posture-partial": "another-way",
  "device-noncompliant": "meet-requirements",
  "compliance-unknown": "report-again",
  "posture-unavailable": "wait",
  "rule-error": "wait",
  "kind-contradicted": "use-mobile-site",
  "kind-unknown": "use-known-browser",
  "kind-refused": "use-other-device",
  "update-required": "update",
  "version-unknown": "use-known-browser",
};

/** The message that holds nothing but a sentence of the admin's own. */
export const OWN_WORDS = "own_words";

/** @param {Verdict} verdict */
export function reasonKey({ reason, apps, title }) {
  if (!REASONS.has(reason)) return "reason_other";
  if (reason === "rule-matched" && !title) return "reason_some_rule";
  return reason === "prohibited-app" && apps.length === 0 ? "reason_some_app" : messageKey("reason", reason);
}

/**
 * @param {Verdict} verdict
 * @returns {[string, ...string[]]}
 */
export function fixKey({ fix, reason, apps, update }) {
  if (fix && !FIXES.has(fix) && !CODE.test(fix)) return [OWN_WORDS, fix];
  let known = (FIXES.has(fix) && fix) || (Object.hasOwn(FIX_OF_REASON, reason) ? FIX_OF_REASON[reason] : "ask");
  if (known === "remove-app" && apps.length === 0) known = "ask";
  if (known === "update" && update?.name) return ["fix_update_to", update.name, update.version];
  return [messageKey("fix", known), apps.join(", ")];
}

/**
 * @param {string} group
 * @param {string} code in kebab-case
 */
function messageKey(group, code) {
  return `${group}_${code.replaceAll("-", "_")}`;
}

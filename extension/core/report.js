/** The report of a device about itself: the members that `docs/attestation.md` lists and nothing else. */

const SYSTEMS = new Map([
  ["mac", "macos"],
  ["win", "windows"],
  ["android", "android"],
  ["cros", "chromeos"],
  ["linux", "linux"],
  ["ios", "ios"],
]);
const INSTALL_TYPES = new Set(["admin", "normal", "sideload", "development"]);
const LONGEST = 64;

/**
 * @typedef {object} Readings the browser's answers, unchanged
 * @property {string} os of `runtime.getPlatformInfo`
 * @property {string} platform
 * @property {string} osVersion
 * @property {{name: string, version: string}} browser
 * @property {string[]} formFactors
 * @property {number} touchPoints
 * @property {string} installType
 * @property {boolean} managed
 * @property {string[]} installed ids of extensions that are there
 * @property {string[]} listed ids that the company asks for
 */

/** @param {Readings} read */
export function reportOf(read) {
  const listed = new Set(read.listed);
  return {
    os: SYSTEMS.get(read.os) ?? "other",
    os_version: cut(read.osVersion),
    platform: cut(read.platform),
    browser: { name: cut(read.browser.name), version: cut(read.browser.version) },
    form_factors: read.formFactors.slice(0, 8).map(cut),
    touch_points: Math.min(Math.max(Math.trunc(read.touchPoints) || 0, 0), 256),
    install_type: INSTALL_TYPES.has(read.installType) ? read.installType : "other",
    managed: read.managed,
    listed_extensions: read.installed.filter((id) => listed.has(id)).slice(0, 100),
    bearer: true,
  };
}

/** The report of a person who lets no technical data leave: that the key is here, and nothing of what it is on. */
export const BARE_REPORT = { os: "other", bearer: true };

/**
 * The well-known name of the browser, from the brands of User-Agent Client Hints, which also contain engines and
 * made-up brands.
 *
 * @param {{brand: string, version: string}[]} brands
 */
export function browserOf(brands) {
  const real = brands.filter(({ brand }) => !/not.*brand/i.test(brand));
  const named = real.find(({ brand }) => brand !== "Chromium") ?? real[0];
  return { name: named?.brand ?? "", version: named?.version ?? "" };
}

/**
 * The version of the system as in a user agent.
 *
 * @param {string} agent
 */
export function osVersionIn(agent) {
  const found = /(?:Windows NT|Mac OS X|Android|CrOS \S+) ([\d._]+)/.exec(agent);
  return found ? found[1].replaceAll("_", ".") : "";
}

/** @param {string} text */
function cut(text) {
  // eslint-disable-next-line no-control-regex -- the gate refuses these characters
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "").slice(0, LONGEST);
}

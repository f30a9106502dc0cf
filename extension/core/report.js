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
 * @property {string} version of this extension
 * @property {string[]} formFactors
 * @property {number} touchPoints
 * @property {string} installType
 * @property {boolean} managed
 * @property {string[]} installed ids of extensions that are there
 * @property {string[]} listed ids that the company asks for
 * @property {import("./machine.js").Machine | null} machine null if nobody on the computer says anything of it
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
    extension_version: cut(read.version),
    install_type: INSTALL_TYPES.has(read.installType) ? read.installType : "other",
    managed: read.managed,
    ...(read.machine ? { machine: read.machine } : {}),
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

/** The versions of Windows before 10 by `platformVersion`; from 13 on it means 11 (Microsoft's table). */
const WINDOWS = new Map([
  ["0.1", "7"],
  ["0.2", "8"],
  ["0.3", "8.1"],
]);

/**
 * The true version of the system, or empty: what a user agent says is the same on whatever runs, but for Firefox on Android.
 *
 * @param {string} os of `runtime.getPlatformInfo`
 * @param {string} [told] `platformVersion` of User-Agent Client Hints
 * @param {string} [agent] of a browser without these hints
 */
export function osVersionOf(os, told = "", agent = "") {
  if (told && os === "win") {
    const [major, minor] = told.split(".");
    if (Number(major) >= 13) return "11";
    return Number(major) > 0 ? "10" : (WINDOWS.get(`${major}.${minor}`) ?? "");
  }
  return told || (/Android ([\d.]+).* Firefox\//.exec(agent)?.[1] ?? "");
}

/** @param {string} text */
export function cut(text) {
  // the gate refuses a whole report for one of these: control characters, and half of a character
  // eslint-disable-next-line no-control-regex
  const shown = [...text].filter((each) => !/[\x00-\x1f\x7f-\x9f]|\p{Surrogate}/u.test(each));
  return shown.slice(0, LONGEST).join("");
}

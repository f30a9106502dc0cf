/** Reads the facts about the browser that `core/report.js` reports. */

import { browserOf, osVersionOf } from "../core/report.js";
import { management, runtime } from "../shim/ext.js";
import { readMachine } from "./machine.js";

/**
 * @param {boolean} managed whether a policy sets this browser up
 * @param {string[]} listed ids of extensions to look for
 * @returns {Promise<import("../core/report.js").Readings>}
 */
export async function takeReadings(managed, listed) {
  const [{ os }, hints] = await Promise.all([runtime.getPlatformInfo(), readHints()]);
  return {
    os,
    platform: hints.platform ?? navigator.platform,
    osVersion: osVersionOf(os, hints.platformVersion, navigator.userAgent),
    browser: await readBrowser(hints.fullVersionList),
    version: runtime.getManifest().version,
    formFactors: hints.formFactors ?? [],
    touchPoints: navigator.maxTouchPoints ?? 0, // not available to workers
    installType: await readInstallType(),
    managed,
    installed: listed.length > 0 ? await readInstalled() : [],
    listed,
    machine: await readMachine(),
  };
}

/** @returns {Promise<{platform?: string, platformVersion?: string, formFactors?: string[], fullVersionList?: any[]}>} */
async function readHints() {
  const data = /** @type {any} */ (navigator).userAgentData;
  return data ? data.getHighEntropyValues(["platformVersion", "fullVersionList", "formFactors"]) : {};
}

/** @param {{brand: string, version: string}[]} [brands] */
async function readBrowser(brands) {
  if (brands) return browserOf(brands);
  return /** @type {any} */ (runtime).getBrowserInfo(); // Firefox has no brands
}

async function readInstallType() {
  return (await management?.getSelf?.())?.installType ?? "other";
}

async function readInstalled() {
  if (!management?.getAll) return []; // not allowed
  return (await management.getAll()).filter(({ enabled }) => enabled).map(({ id }) => id);
}

/** Makes the package: these files and no others, with a manifest for its browser and purpose. */

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { mePage, permissionPattern } from "../core/address.js";

const SOURCE = fileURLToPath(new URL("..", import.meta.url));
const SHIPPED = ["_locales", "background", "core", "icons", "look", "options", "popup", "shim", "managed_schema.json"];

/** @typedef {"chromium" | "firefox"} Browser */

/**
 * @typedef {object} Fit
 * @property {Browser} [browser] leaves out the background key of the other one
 * @property {string} [origin] of the company mail: requested at the installation, so that nobody has to allow it later
 * @property {boolean} [management] the same for the ids of installed extensions
 */

/**
 * Copies the files of the package to a directory of its own.
 *
 * @param {string} directory
 * @param {Fit} fit
 */
export async function stage(directory, fit) {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const name of SHIPPED) await cp(join(SOURCE, name), join(directory, name), { recursive: true });
  const manifest = JSON.parse(await readFile(join(SOURCE, "manifest.json"), "utf8"));
  await writeFile(join(directory, "manifest.json"), `${JSON.stringify(fitted(manifest, fit), null, 2)}\n`);
}

/**
 * @param {any} manifest
 * @param {Fit} fit
 */
export function fitted(manifest, { browser, origin, management }) {
  const fit = structuredClone(manifest);
  if (browser === "chromium") {
    delete fit.background.scripts;
    delete fit.browser_specific_settings;
  }
  if (browser === "firefox") {
    delete fit.background.service_worker;
    delete fit.minimum_chrome_version;
  }
  if (origin) {
    fit.host_permissions = [permissionPattern(origin)];
    fit.homepage_url = mePage(origin);
    delete fit.optional_host_permissions;
  }
  if (management) {
    fit.permissions.push("management");
    delete fit.optional_permissions;
  }
  return fit;
}

/** Asks a helper on the computer, and ChromeOS, about the machine. The extension has to be allowed to; nobody has to answer. */

import { machineOf } from "../core/machine.js";
import { enterprise, runtime } from "../shim/ext.js";

const HELPER = "mailgate.machine";
const PATIENCE = 5000; // milliseconds: a helper that hangs keeps no report back

/** Whether this package can ask anybody about the machine, so that people are told. */
export function mayAskOfMachine() {
  return Boolean(runtime.sendNativeMessage ?? enterprise?.deviceAttributes);
}

export async function readMachine() {
  const [helper, chromeos] = await Promise.all([askHelper(), readAttributes()]);
  return machineOf(helper, chromeos);
}

async function askHelper() {
  if (!runtime.sendNativeMessage) return null; // not allowed
  const late = new Promise((done) => setTimeout(done, PATIENCE, null));
  return Promise.race([runtime.sendNativeMessage(HELPER, {}).catch(() => null), late]);
}

/** Only ChromeOS has these, and only for extensions that the company installs by policy. */
async function readAttributes() {
  const known = enterprise?.deviceAttributes;
  if (!known) return null;
  const [serial, asset_id, location, hostname] = await Promise.all([
    read(() => known.getDeviceSerialNumber()),
    read(() => known.getDeviceAssetId()),
    read(() => known.getDeviceAnnotatedLocation()),
    read(() => known.getDeviceHostname()),
  ]);
  return { serial, asset_id, location, hostname };
}

/** @param {() => Promise<string>} ask */
async function read(ask) {
  try {
    return await ask();
  } catch {
    return "";
  }
}

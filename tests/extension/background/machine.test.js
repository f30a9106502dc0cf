import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import "./browser.js";

const { chrome } = /** @type {any} */ (globalThis);
const enterprise = /** @type {any} */ ({});
chrome.enterprise = enterprise;
const { mayAskOfMachine, readMachine } = await import("../../../extension/background/machine.js");

const SAID = { disk_encrypted: true, screen_lock: null, firewall: false, serial: "PF2X7" };
const NAMES = { asset_id: "", location: "", hostname: "" };

afterEach(() => {
  delete chrome.runtime.sendNativeMessage;
  delete enterprise.deviceAttributes;
});

test("without the permission nobody is asked", async () => {
  assert.equal(await readMachine(), null);
});

test("people are told that the machine is asked about where it is", () => {
  assert.equal(mayAskOfMachine(), false);
  chrome.runtime.sendNativeMessage = async () => SAID;
  assert.equal(mayAskOfMachine(), true);
  delete chrome.runtime.sendNativeMessage;
  enterprise.deviceAttributes = {};
  assert.equal(mayAskOfMachine(), true);
});

test("the helper is asked once for each report", async () => {
  const asked = mock.fn(async () => SAID);
  chrome.runtime.sendNativeMessage = asked;
  assert.deepEqual(await readMachine(), { ...SAID, ...NAMES });
  assert.deepEqual(asked.mock.calls.map((call) => call.arguments), [["mailgate.machine", {}]]);
});

test("a helper that is not there says nothing", async () => {
  chrome.runtime.sendNativeMessage = async () => Promise.reject(new Error("Specified native messaging host not found."));
  assert.equal(await readMachine(), null);
});

test("a helper that hangs keeps no report back", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  chrome.runtime.sendNativeMessage = () => new Promise(() => {});
  const asked = readMachine();
  context.mock.timers.tick(5000);
  assert.equal(await asked, null);
});

test("a Chromebook that the company installed the extension on tells its names", async () => {
  enterprise.deviceAttributes = {
    getDeviceSerialNumber: async () => "5CD1",
    getDeviceAssetId: async () => "4711",
    getDeviceAnnotatedLocation: async () => "Room 3",
    getDeviceHostname: async () => Promise.reject(new Error("not allowed")),
  };
  const unknown = { disk_encrypted: null, screen_lock: null, firewall: null };
  assert.deepEqual(await readMachine(), { ...unknown, serial: "5CD1", asset_id: "4711", location: "Room 3", hostname: "" });
});

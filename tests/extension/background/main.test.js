import assert from "node:assert/strict";
import { test } from "node:test";

import { browser } from "./browser.js";

/** @type {Record<string, () => void>} */
const heard = {};
const event = (/** @type {string} */ name) => ({ addListener: (/** @type {() => void} */ listener) => void (heard[name] = listener) });
const { chrome } = /** @type {any} */ (globalThis);
Object.assign(chrome.alarms, { onAlarm: event("alarm") });
Object.assign(chrome.notifications, { onClicked: event("clicked") });
Object.assign(chrome.permissions, { onAdded: event("added"), onRemoved: event("removed") });
Object.assign(chrome.runtime, { onMessage: event("message"), onInstalled: event("installed"), onStartup: event("startup") });
chrome.storage.onChanged = event("changed");
chrome.windows = { onFocusChanged: event("focus") };

const armed = () => new Promise((resolve) => setTimeout(() => resolve(Object.keys(browser.alarms)), 50));

test("the alarm is set anew whenever the worker starts", async () => {
  await import("../../../extension/background/main.js");
  assert.deepEqual(await armed(), ["turn"]);
});

for (const name of ["focus", "added", "removed", "installed", "startup"]) {
  test(`the alarm is set anew at ${name}`, async () => {
    browser.alarms = {};
    heard[name]();
    assert.deepEqual(await armed(), ["turn"]);
  });
}

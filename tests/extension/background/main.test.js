import assert from "node:assert/strict";
import { test } from "node:test";

import { browser } from "./browser.js";
import { away } from "./well.js";

/** @type {Record<string, (...said: any[]) => void>} */
const heard = {};
const event = (/** @type {string} */ name) => ({ addListener: (/** @type {(...said: any[]) => void} */ listener) => void (heard[name] = listener) });
const { chrome } = /** @type {any} */ (globalThis);
Object.assign(chrome.alarms, { onAlarm: event("alarm") });
Object.assign(chrome.notifications, { onClicked: event("clicked") });
Object.assign(chrome.permissions, { onAdded: event("added"), onRemoved: event("removed") });
Object.assign(chrome.runtime, { onMessage: event("message"), onInstalled: event("installed"), onStartup: event("startup") });
chrome.storage.onChanged = event("changed");
chrome.tabs = { onUpdated: event("updated") };
chrome.windows = { onFocusChanged: event("focus") };

const { between } = await import("../../../extension/background/turn.js");

/** The alarms, once every turn that has begun is over. */
async function armed() {
  await new Promise((resolve) => setImmediate(resolve));
  await between(async () => {});
  return Object.keys(browser.alarms);
}

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

const GATE = "https://mail.example.com";
const asked = () => browser.asked.length;

/** Whether this update of a tab makes the worker ask a gate that is away. @param {object} change @param {object} tab */
async function asks(change, tab) {
  browser.local.memory = { ...browser.local.memory, phase: "away", failures: 9, retryAt: Date.now() + 60_000 };
  const before = asked();
  heard.updated(1, change, tab);
  await armed();
  return asked() > before;
}

test("a page load at the mail ends the wait for a gate that was away; one anywhere else does not", async () => {
  browser.managed = { gate: GATE, enrolmentToken: "mailgate-enrol-x" };
  browser.gate = away;
  heard.startup();
  await armed();
  assert.equal(await asks({ url: `${GATE}/?_task=mail` }, {}), true);
  assert.equal(await asks({ status: "loading" }, { url: `${GATE}/` }), true, "loaded again");
  assert.equal(await asks({ status: "loading" }, { pendingUrl: `${GATE}/`, url: "https://news.example/" }), true);
  for (const [change, tab] of [
    [{ status: "complete" }, { url: `${GATE}/` }],
    [{ url: `${GATE}.example.net/` }, {}],
    [{ status: "loading" }, {}], // a browser hides what is elsewhere
  ]) {
    heard.updated(1, change, tab);
  }
  const before = asked();
  await armed();
  assert.equal(asked(), before);
});

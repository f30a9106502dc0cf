import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { browser, reset } from "./browser.js";
import { away, wellGate } from "./well.js";

const { turn } = await import("../../../extension/background/turn.js");

const clock = Date.now;
let now = 0;
let well = wellGate();

/** @param {boolean} [there] whether the gate is there */
function answering(there = true) {
  browser.gate = (path) => (there ? well[path]() : away());
}

/** @param {number} ahead seconds */
function pass(ahead) {
  now += ahead * 1000;
}

const alarm = () => browser.alarms.turn.delayInMinutes * 60;

beforeEach(async () => {
  now = 1_790_000_000_000;
  Date.now = () => now;
  reset();
  well = wellGate();
  answering();
  browser.managed = { gate: "https://mail.example.com", enrolmentToken: "mailgate-enrol-x" };
  await turn();
});

after(() => {
  Date.now = clock;
});

/** The gate is away for ten minutes, and the browser does what its alarms bring about. */
async function outage() {
  answering(false);
  for (const back = now + 600_000; now < back; pass(alarm())) await turn();
  answering();
  assert.equal(browser.local.memory.phase, "away");
}

test("an outage of ten minutes is over for whoever opens the mail", async () => {
  await outage();
  await turn({ awaited: true });
  const carried = new Set(browser.rules.map((rule) => rule.action.requestHeaders[0].value));
  assert.deepEqual([browser.local.memory.phase, [...carried]], ["active", ["token-2"]]);
});

test("it is over for everybody else within a minute", async () => {
  await outage();
  const since = now;
  while (browser.local.memory.phase !== "active") {
    pass(alarm());
    await turn();
  }
  assert.ok(now - since <= 60_000, String(now - since));
});

test("no browser waits longer than a minute, however long the gate is away", async () => {
  answering(false);
  pass(500);
  for (let tries = 0; tries < 30; tries += 1) {
    await turn();
    assert.ok(browser.local.memory.retryAt - now <= 60_000);
    assert.ok(alarm() <= 60);
    pass(61);
  }
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, reset } from "./browser.js";
import { away, json, wellGate } from "./well.js";

const { onMessage } = await import("../../../extension/background/handlers.js");

const GATE = "https://mail.example.com";
const OTHER = "https://post.example.org";
const SET_UP = { id: "companion", url: "chrome-extension://companion/options/options.html" };

let well = wellGate();
const refused = (/** @type {string} */ reason) => () => json(403, { reason });

/** @param {() => Response} [enrolling] what the gate says to an enrolment, if it is not well */
function answering(enrolling) {
  browser.gate = (path) => (path === "/.mailgate/enroll" && enrolling ? enrolling() : well[path]());
}

/** @param {string} gate @param {string} code @returns {Promise<any>} */
const enrol = (gate, code) =>
  new Promise((resolve) => void onMessage({ type: "enrol", gate, code }, /** @type {any} */ (SET_UP), resolve));

/** @param {string} type @param {object} [more] @returns {Promise<any>} */
const ask = (type, more = {}) => new Promise((resolve) => void onMessage({ type, ...more }, /** @type {any} */ (SET_UP), resolve));

const key = () => browser.keys?.get("current").publicKey;
/** @param {number} at which of the requests, from the last one on */
const shown = (at = -1) => JSON.parse(atob(enrolments().at(at).how.headers.DPoP.split(".")[0])).jwk.x;
const enrolments = () => /** @type {any[]} */ (browser.asked.filter(({ url }) => url.endsWith("/enroll")));

beforeEach(async () => {
  reset();
  well = wellGate();
  answering();
  await enrol(GATE, "7K3M-9XQ2");
  assert.equal(browser.local.memory.deviceId, "enrolled-1");
});

for (const [what, gate, answer, phase] of /** @type {[string, string, () => Response, string][]} */ ([
  ["a mistyped code", GATE, refused("enrolment-unknown"), "code-refused"],
  ["a mistyped address", OTHER, () => json(404, {}), "away"],
  ["another server's answer", OTHER, () => json(200, {}), "away"],
  ["a gate that is away", GATE, away, "away"],
])) {
  test(`${what} leaves the enrolment that there is as it was, and says what was wrong`, async () => {
    const before = key();
    answering(answer);
    const { memory, tried } = await enrol(gate, "AAAA-AAAA");
    assert.equal(tried.phase, phase);
    assert.deepEqual([memory.phase, memory.deviceId, memory.gate], ["active", "enrolled-1", GATE]);
    assert.deepEqual([browser.local.gate, key(), browser.rules.length], [GATE, before, 2]);
  });
}

test("a code that is taken replaces the key, the gate and all that was known", async () => {
  const before = key();
  const { memory, tried } = await enrol(OTHER, "AAAA-AAAA");
  assert.equal(tried, null);
  assert.deepEqual([memory.phase, memory.deviceId, memory.gate], ["active", "enrolled-2", OTHER]);
  assert.notEqual(key(), before);
  assert.deepEqual([...(browser.keys?.keys() ?? [])], ["current"]);
  assert.deepEqual(browser.rules[0].condition.urlFilter, `|${OTHER}/`);
});

test("a try without an answer is repeated with the same key, since the gate may have taken it", async () => {
  answering(away);
  await enrol(GATE, "AAAA-AAAA");
  answering();
  await enrol(GATE, "AAAA-AAAA");
  assert.equal(shown(-1), shown(-2));
  assert.equal(browser.local.memory.deviceId, "enrolled-2");
});

test("the same holds for the first enrolment, when the same code is entered once more", async () => {
  reset();
  answering(away);
  await enrol(GATE, "AAAA-AAAA");
  answering();
  await enrol(GATE, "AAAA-AAAA");
  assert.deepEqual([shown(-1), browser.local.memory.phase], [shown(-2), "active"]);
});

test("another address without a code changes nothing and asks for the code", async () => {
  assert.deepEqual(await enrol(OTHER, " "), { error: "code" });
  assert.deepEqual([browser.local.gate, browser.local.memory.deviceId], [GATE, "enrolled-1"]);
});

test("too many tries are said to be that, and when the next one is possible", async () => {
  answering(() => json(429, { reason: "too-many-requests" }, { "Retry-After": "540" }));
  const before = Date.now();
  const { tried, memory } = await enrol(GATE, "AAAA-AAAA");
  assert.deepEqual([tried.trouble.status, memory.phase], [429, "active"]);
  assert.ok(tried.retryAt >= before + 540_000);
});

test("forgetting leaves no key", async () => {
  answering(away);
  await enrol(GATE, "AAAA-AAAA");
  await ask("forget");
  assert.equal(browser.keys?.size, 0);
  assert.deepEqual([browser.local.memory.phase, browser.rules], ["unconfigured", []]);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, reset } from "./browser.js";
import { json, wellGate } from "./well.js";

const { onMessage } = await import("../../../extension/background/handlers.js");

const GATE = "https://mail.example.com";
const POLICY = { gate: GATE, enrolmentToken: "mailgate-enrol-x", machine: "LAP-0042" };
const SET_UP = { id: "companion", url: "chrome-extension://companion/options/options.html" };

let well = wellGate();

/** @param {Record<string, () => Response>} answers beside those of a gate that is well */
function answering(answers = {}) {
  browser.gate = (path) => ({ ...well, ...answers })[path]();
}

/** @param {string} type @param {object} [more] @returns {Promise<any>} */
const ask = (type, more = {}) => new Promise((resolve) => void onMessage({ type, ...more }, /** @type {any} */ (SET_UP), resolve));

const enrolments = () => /** @type {any[]} */ (browser.asked.filter(({ url }) => url.endsWith("/enroll")));
/** What the last enrolment said. */
const sent = () => JSON.parse(enrolments().at(-1).how.body);
const carried = () => [...new Set(browser.rules.map((rule) => rule.action.requestHeaders[0].value))];

beforeEach(() => {
  reset();
  well = wellGate();
  answering();
  browser.managed = { ...POLICY };
});

/** The company shuts out a browser that its policy has enrolled. */
async function shutOut() {
  await ask("check");
  answering({ "/.mailgate/attest": () => json(403, { reason: "key-revoked" }) });
  browser.local.memory.reportAt = 1;
  await ask("check");
  assert.equal(browser.local.memory.phase, "revoked");
}

test("a policy's token is shown with the computer and its owner, and nothing is said of them without", async () => {
  browser.managed = { gate: GATE, enrolmentToken: "mailgate-enrol-x" };
  await ask("check");
  assert.deepEqual(sent(), { token: "mailgate-enrol-x" });
  reset();
  browser.managed = { gate: GATE, enrolmentToken: "mailgate-machine-x", machine: "LAP-0042", owner: "alice" };
  await ask("check");
  assert.deepEqual(sent(), { token: "mailgate-machine-x", machine: "LAP-0042", owner: "alice" });
  assert.equal(browser.local.memory.machine, "LAP-0042");
});

for (const [who, managed, allowed, told] of /** @type {[string, boolean, string[] | null, boolean][]} */ ([
  ["a person in Firefox who has turned technical data off", false, [], false],
  ["one who has left it on", false, ["technicalAndInteraction"], true],
  ["one in a browser that does not ask", false, null, true],
  ["a company, for its own computers,", true, [], true],
])) {
  test(`${who} lets ${told ? "the report leave whole" : "nothing leave but the proof"}`, async () => {
    browser.dataAllowed = allowed;
    if (!managed) {
      browser.managed = {};
      browser.local = { gate: GATE };
      browser.session = { session: { token: "", expiresAt: 0, nonce: "", code: "7K3M-9XQ2" } };
    }
    await ask("check");
    const report = /** @type {any} */ (browser.asked.findLast(({ url }) => url.endsWith("/attest"))).how.body;
    if (told) assert.equal(JSON.parse(report).browser.name, "Firefox");
    else assert.deepEqual(JSON.parse(report), { os: "other", bearer: true });
    assert.equal(browser.local.memory.phase, "active");
  });
}

test("a person's own set-up says nothing of a computer", async () => {
  browser.managed = {};
  browser.local = { gate: GATE };
  browser.session = { session: { token: "", expiresAt: 0, nonce: "", code: "7K3M-9XQ2" } };
  await ask("check");
  assert.deepEqual(sent(), { token: "7K3M-9XQ2" });
});

test("a mistyped address in the policy is said to be that, and asks nobody for anything", async () => {
  browser.managed = { ...POLICY, gate: "mail example" };
  await ask("check");
  const { phase, wrong, managed } = browser.local.memory;
  assert.deepEqual([phase, managed, browser.asked], ["policy-wrong", true, []]);
  assert.match(wrong, /^gate: “mail example”/);
});

test("a policy that was right before goes on while the new one has a mistake, with its key and its token", async () => {
  await ask("check");
  const before = browser.keys?.get("current");
  browser.managed = { ...POLICY, gate: "mail example" };
  browser.local.memory.reportAt = 1;
  await ask("check");
  assert.deepEqual([browser.local.memory.phase, carried()], ["active", ["token-2"]]);
  browser.managed = POLICY;
  await ask("check", { byHand: true });
  assert.equal(browser.local.memory.wrong, "");
  assert.equal(browser.keys?.get("current"), before);
});

for (const [what, astray] of /** @type {[string, object][]} */ ([
  ["is gone for a while", {}],
  ["names another company's address for a while", { ...POLICY, gate: "https://mial.example.com" }],
])) {
  test(`a policy that ${what} costs no key: the gate knows it again and no place of the computer is taken`, async () => {
    await ask("check");
    const before = browser.keys?.get("current");
    answering({ "/.mailgate/enroll": () => json(404, {}) });
    browser.managed = astray;
    await ask("check", { byHand: true });
    assert.notEqual(browser.local.memory.phase, "active");
    answering();
    browser.managed = { ...POLICY };
    await ask("check", { byHand: true });
    assert.equal(browser.local.memory.phase, "active");
    assert.equal(browser.keys?.get("current"), before);
  });
}

test("a key that was shut out is not shown again by another policy, also if there was none for a while", async () => {
  await shutOut();
  const before = browser.keys?.get("current");
  browser.managed = {};
  await ask("check");
  answering();
  browser.managed = { ...POLICY, enrolmentToken: "mailgate-enrol-y" };
  const { memory } = await ask("check");
  assert.equal(memory.phase, "active");
  assert.notEqual(browser.keys?.get("current"), before);
});

test("forgetting a key that was shut out does not enrol another one by the same policy, but by another or by a code", async () => {
  await shutOut();
  answering();
  const before = enrolments().length;
  const { memory } = await ask("forget");
  assert.deepEqual([memory.phase, memory.deviceId, browser.keys?.size], ["revoked", "", 0]);
  await ask("forget");
  await ask("check", { byHand: true });
  assert.equal(enrolments().length, before);
  const { memory: typed } = await ask("enrol", { gate: GATE, code: "7K3M-9XQ2" });
  assert.deepEqual([typed.phase, enrolments().length], ["active", before + 1]);
  assert.deepEqual(JSON.parse(enrolments().at(-1).how.body), { token: "7K3M-9XQ2", machine: "LAP-0042" });
});

test("another computer in the policy enrols by itself where this one was shut out", async () => {
  await shutOut();
  answering();
  browser.managed.machine = "LAP-0043";
  const { memory } = await ask("check");
  assert.deepEqual([memory.phase, memory.machine], ["active", "LAP-0043"]);
});

for (const [reason, phase] of [
  ["enrolment-revoked", "shut-out"],
  ["machine-keys-full", "machine-full"],
]) {
  test(`a policy that is refused as ${reason} is tried again when a person asks, and not by itself`, async () => {
    answering({ "/.mailgate/enroll": () => json(403, { reason }) });
    assert.equal((await ask("check")).memory.phase, phase);
    assert.equal((await ask("check")).memory.phase, phase);
    assert.equal(enrolments().length, 1);
    answering();
    assert.equal((await ask("check", { byHand: true })).memory.phase, "active");
  });
}

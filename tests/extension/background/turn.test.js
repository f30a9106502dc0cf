import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { browser, reset } from "./browser.js";
import { away, json, status, wellGate } from "./well.js";

const { turn } = await import("../../../extension/background/turn.js");

const GATE = "https://mail.example.com";
const NOW = 1_790_000_000_000;
const ALLOW = { effect: "allow", reason: "rule-matched" };
const BLOCK = { effect: "block", reason: "kind-refused" };

let well = wellGate();

/** @param {Record<string, () => Response>} answers beside those of a gate that is well */
function answering(answers = {}) {
  browser.gate = (path) => ({ ...well, ...answers })[path]();
}

const clock = Date.now;
let now = NOW;

/** @param {number} ahead seconds */
function pass(ahead) {
  now += ahead * 1000;
}

const AWAY = { "/.mailgate/enroll": away, "/.mailgate/attest": away, "/.mailgate/status": away };

const carried = () => [...new Set(browser.rules.map((rule) => rule.action.requestHeaders[0].value))];
const paths = () => browser.asked.map(({ url }) => new URL(url).pathname.split("/")[2]);

beforeEach(async () => {
  now = NOW;
  Date.now = () => now;
  reset();
  well = wellGate();
  answering();
  browser.managed = { gate: GATE, enrolmentToken: "mailgate-enrol-x" };
  await turn();
});

after(() => {
  Date.now = clock;
});

test("a company's policy is enough: it enrols, reports, looks, and carries the token to the mail alone", () => {
  assert.deepEqual(paths(), ["enroll", "attest", "status"]);
  assert.deepEqual(
    browser.rules.map(({ condition }) => condition.urlFilter),
    ["|https://mail.example.com/", "|wss://mail.example.com/"],
  );
  assert.deepEqual(carried(), ["token-1"]);
  assert.equal(browser.local.memory.phase, "active");
  assert.equal(browser.persistent, true, "the key is not evicted");
});

test("the worker is woken in time for the next look, and should a turn break off", () => {
  const { delayInMinutes, periodInMinutes } = browser.alarms.turn;
  assert.ok(delayInMinutes * 60 <= 45, String(delayInMinutes));
  assert.equal(periodInMinutes, 1);
});

test("no two looks are more than a minute apart, whenever something else wakes the worker in between", async () => {
  for (const wait of [1, 14, 16, 29, 31, 40, 44]) {
    const from = browser.local.memory.statusAt;
    pass(wait);
    await turn();
    if (browser.local.memory.statusAt === from) {
      pass(browser.alarms.turn.delayInMinutes * 60);
      await turn();
    }
    const apart = browser.local.memory.statusAt - from;
    assert.ok(apart > 0 && apart <= 60_000, `${wait}: ${apart}`);
  }
});

test("a worker that died, and a browser that dropped its rules, find everything again without asking for it", async () => {
  browser.rules = [];
  await turn();
  assert.deepEqual(carried(), ["token-1"]);
  assert.deepEqual(paths(), ["enroll", "attest", "status"]);
});

test("a token is renewed before it ends", async () => {
  pass(480);
  await turn();
  assert.deepEqual(carried(), ["token-2"]);
});

test("while the gate is away the token is carried until it ends and no longer, and nothing else is touched", async () => {
  answering(AWAY);
  pass(500);
  await turn();
  assert.deepEqual(carried(), ["token-1"]);
  assert.equal(browser.local.memory.phase, "away");
  pass(120);
  await turn();
  assert.deepEqual(browser.rules, []);
});

test("the first alarm after a gate comes back ends the trouble", async () => {
  answering(AWAY);
  pass(500);
  await turn();
  answering();
  pass(30);
  await turn();
  assert.deepEqual([browser.local.memory.phase, carried()], ["active", ["token-2"]]);
});

test("a report that comes too often waits as long as the gate asks, whatever is looked at meanwhile", async () => {
  const tooOften = () => new Response("{}", { status: 429, headers: { "Retry-After": "300" } });
  answering({ "/.mailgate/attest": tooOften });
  pass(500);
  await turn();
  pass(100);
  await turn({ look: true });
  const { phase, trouble, retryAt } = browser.local.memory;
  assert.deepEqual([phase, trouble.status, retryAt - now], ["away", 429, 200_000]);
  assert.equal(paths().filter((path) => path === "attest").length, 2);
  answering();
  pass(200);
  await turn();
  assert.deepEqual([browser.local.memory.phase, carried()], ["active", ["token-2"]]);
});

test("looks that come too often are a pause of their own, which ends with the next look", async () => {
  const tooOften = () => new Response("{}", { status: 429, headers: { "Retry-After": "60" } });
  answering({ "/.mailgate/status": tooOften });
  pass(45);
  await turn();
  answering();
  await turn({ look: true });
  assert.equal(browser.local.memory.phase, "away");
  pass(60);
  await turn();
  assert.equal(browser.local.memory.phase, "active");
});

test("the answer of another server is no enrolment and no token", async () => {
  answering({ "/.mailgate/attest": () => json(200, { ok: true }), "/.mailgate/status": () => json(200, { ok: true }) });
  pass(500);
  await turn();
  assert.deepEqual([browser.local.memory.trouble.reason, carried()], ["no-gate", ["token-1"]]);
  reset();
  answering({ "/.mailgate/enroll": () => json(200, { ok: true }) });
  browser.managed = { gate: GATE, enrolmentToken: "mailgate-enrol-x" };
  await turn();
  assert.deepEqual([browser.local.memory.phase, browser.local.memory.deviceId, browser.rules], ["away", "", []]);
});

test("a key that was revoked is found out with the next look, long before the next report", async () => {
  const lost = { kind: "laptop", assurance: "claimed", findings: ["attestation-invalid"] };
  const refused = () => json(403, { reason: "key-revoked" });
  answering({ "/.mailgate/status": () => status(ALLOW, lost), "/.mailgate/attest": refused });
  pass(45);
  await turn();
  assert.deepEqual([browser.local.memory.phase, browser.rules, browser.badge], ["revoked", [], "×"]);
});

test("a key that the gate says was revoked is found out at once, also right after a report", async () => {
  const lost = { kind: "laptop", assurance: "claimed", findings: ["attestation-invalid"], proof: { refused: "key-revoked" } };
  answering({ "/.mailgate/status": () => status(ALLOW, lost), "/.mailgate/attest": () => json(403, { reason: "key-revoked" }) });
  pass(1);
  await turn({ look: true });
  assert.deepEqual([browser.local.memory.phase, browser.badge], ["revoked", "×"]);
});

test("a token that a gate no longer takes is replaced at once, and not again before that has had its time", async () => {
  const lost = { kind: "laptop", assurance: "claimed", findings: ["attestation-invalid"] };
  answering({ "/.mailgate/status": () => status(ALLOW, lost) });
  pass(45);
  await turn();
  assert.deepEqual(carried(), ["token-2"]);
  pass(3);
  await turn({ look: true });
  assert.deepEqual(carried(), ["token-2"]);
});

test("a clock that is set back by hours stops nothing", async () => {
  pass(-7200);
  await turn();
  assert.deepEqual([carried(), browser.local.memory.statusAt], [["token-2"], Date.now()]);
  assert.equal(browser.local.memory.skew, 0);
});

test("a key that is gone is said so, and a company's token makes a new one by itself", async () => {
  browser.keys?.clear();
  answering({ "/.mailgate/enroll": away });
  await turn();
  assert.deepEqual([browser.local.memory.deviceId, browser.rules], ["", []]);
  answering();
  pass(60);
  await turn();
  assert.equal(browser.local.memory.phase, "active");
});

test("a browser that cannot keep a key says so, and asks for nothing in vain", async () => {
  browser.keys = null;
  const before = browser.asked.length;
  await turn({ retry: true });
  assert.deepEqual([browser.local.memory.phase, browser.rules, browser.badge], ["key-lost", [], "?"]);
  assert.equal(browser.asked.length, before);
});

test("leave that is taken back takes the header with it and ends all questions", async () => {
  browser.granted = false;
  const before = browser.asked.length;
  pass(600);
  await turn();
  assert.deepEqual([browser.local.memory.phase, browser.rules, browser.asked.length], ["permission", [], before]);
});

test("each change is told once: blocked, and taken back", async () => {
  answering({ "/.mailgate/status": () => status(BLOCK) });
  await turn({ look: true });
  await turn({ look: true });
  assert.deepEqual([browser.notices, browser.badge], [["blocked_here"], "×"]);
  answering();
  await turn({ look: true });
  await turn({ look: true });
  assert.deepEqual([browser.notices, browser.badge], [["blocked_here", "retracted_here"], ""]);
});

test("turns that are asked for at the same time run one after the other", async () => {
  pass(480);
  await Promise.all([turn(), turn(), turn()]);
  assert.deepEqual(carried(), ["token-2"]);
});

test("a code that was lost with the browser is asked for again, and not waited for", async () => {
  reset();
  browser.local = { gate: GATE };
  browser.session = { session: { token: "", expiresAt: 0, nonce: "", code: "7K3M-9XQ2" } };
  answering(AWAY);
  await turn();
  assert.equal(browser.local.memory.phase, "away");
  browser.session = {};
  await turn();
  assert.equal(browser.local.memory.phase, "code");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { enrolsNow, looksNow, reportsNow, tokenRefused } from "../../../extension/core/due.js";
import { EMPTY, after } from "../../../extension/core/state.js";

const NOW = 1_790_000_000_000;
const GATE = "https://mail.example.com";
const CONFIGURED = after(EMPTY, "configured", { gate: GATE, managed: false, wrong: "", machine: "", policy: "" });
const ENROLLED = after(after(CONFIGURED, "enrolling"), "enrolled", { deviceId: "enrolled-a", thumbprint: "a" });
const ACTIVE = after(ENROLLED, "attested", { now: NOW, reportEvery: 480, serverTime: NOW / 1000, chance: 1, listed: [], company: "" });
const REVOKED = after(ACTIVE, "refused", {
  now: NOW,
  reason: "key-revoked",
  status: 403,
  reference: "REF2345",
  serverTime: 0,
  retryAfter: 0,
  chance: 1,
});

test("a policy's token enrols by itself, also where the key or the gate's memory of it is gone", () => {
  const given = { token: "mailgate-enrol-x", byHand: false };
  assert.equal(enrolsNow(CONFIGURED, given, NOW), true);
  assert.equal(enrolsNow(after(ACTIVE, "keyLost"), given, NOW), true);
  const forgotten = after(ACTIVE, "refused", { ...REVOKED.trouble, now: NOW, reason: "key-not-enrolled" });
  assert.equal(enrolsNow(forgotten, given, NOW), true);
  assert.equal(enrolsNow(ACTIVE, given, NOW), false);
  assert.equal(enrolsNow({ ...CONFIGURED, phase: "permission" }, given, NOW), false);
  assert.equal(enrolsNow(CONFIGURED, { token: "", byHand: false }, NOW), false);
});

test("a revoked key is replaced only where a person brings a new code", () => {
  const shut = { ...REVOKED, deviceId: "", phase: /** @type {const} */ ("key-lost"), policy: "one", shut: "one" };
  assert.equal(enrolsNow(shut, { token: "mailgate-enrol-x", byHand: false }, NOW), false);
  assert.equal(enrolsNow(shut, { token: "7K3M-9XQ2", byHand: true }, NOW), true);
  assert.equal(enrolsNow({ ...shut, policy: "two" }, { token: "mailgate-enrol-y", byHand: false }, NOW), true);
});

test("enrolment waits for the time of the next try, too", () => {
  const away = after(CONFIGURED, "unreachable", { now: NOW, chance: 1 });
  assert.equal(enrolsNow(away, { token: "7K3M-9XQ2", byHand: true }, NOW), false);
  assert.equal(enrolsNow(away, { token: "7K3M-9XQ2", byHand: true }, NOW + 5000), true);
});

test("a report is due at its time, and at once where the token has ended", () => {
  assert.equal(reportsNow(ACTIVE, NOW, NOW + 600_000), false);
  assert.equal(reportsNow(ACTIVE, NOW + 480_000, NOW + 600_000), true);
  assert.equal(reportsNow(ACTIVE, NOW, 0), true);
  assert.equal(reportsNow(CONFIGURED, NOW, 0), false);
});

test("the verdict is asked for every so often, and when away at the time of the next try", () => {
  const seen = { ...ACTIVE, statusAt: NOW };
  assert.equal(looksNow(seen, NOW + 14_000, 45), false);
  // the next alarm rings 30 seconds from now at the soonest, and that would be late
  assert.equal(looksNow(seen, NOW + 15_000, 45), true);
  const away = after(seen, "unreachable", { now: NOW, chance: 1 });
  assert.equal(looksNow(away, NOW + 4000, 45), false);
  assert.equal(looksNow(away, NOW + 5000, 45), true);
  assert.equal(looksNow(CONFIGURED, NOW, 45), false);
});

test("a token that the gate refuses is given half a minute before it counts as refused", () => {
  const refused = { ...ACTIVE, status: /** @type {any} */ ({ client: { findings: ["attestation-invalid"] } }) };
  assert.equal(tokenRefused(refused, NOW + 30_000), false);
  assert.equal(tokenRefused(refused, NOW + 30_001), true);
  const revoked = /** @type {any} */ ({ client: { findings: ["attestation-invalid"], refused: "key-revoked" } });
  assert.equal(tokenRefused({ ...ACTIVE, status: revoked }, NOW), true, "but for a key that was revoked");
  assert.equal(tokenRefused(ACTIVE, NOW + 30_001), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { mayLook, reportsNow } from "../../../extension/core/due.js";
import { EMPTY, after } from "../../../extension/core/state.js";
import { readStatus } from "../../../extension/core/status.js";

const NOW = 1_790_000_000_000;
const GATE = "https://mail.example.com";
const BY_HAND = { managed: false, wrong: "", machine: "", policy: "" };
const POLICY = { gate: GATE, managed: true, wrong: "", machine: "LAP-0042", policy: "one" };
const CONFIGURED = after(EMPTY, "configured", { ...BY_HAND, gate: GATE });
const ENROLLED = after(after(CONFIGURED, "enrolling"), "enrolled", { deviceId: "enrolled-a", thumbprint: "a" });
const ACTIVE = after(ENROLLED, "attested", { now: NOW, reportEvery: 480, serverTime: NOW / 1000, chance: 1, listed: [], company: "" });
const ALLOWED = /** @type {any} */ (readStatus({ verdict: { effect: "allow", reason: "rule-matched" } }));

/** @param {string} reason @param {object} [more] */
const refusal = (reason, more = {}) => ({
  now: NOW,
  reason,
  status: 403,
  reference: "REF2345",
  serverTime: 0,
  retryAfter: 0,
  chance: 1,
  ...more,
});

test("without an address there is nothing but the set-up", () => {
  assert.equal(after(ACTIVE, "configured", { ...BY_HAND, gate: null }).phase, "unconfigured");
  assert.equal(CONFIGURED.phase, "code");
});

test("another address starts from nothing; the same one changes nothing", () => {
  const moved = after(ACTIVE, "configured", { ...BY_HAND, gate: "https://other.example.com", managed: true });
  assert.deepEqual([moved.phase, moved.deviceId, moved.managed], ["code", "", true]);
  assert.deepEqual(after(ACTIVE, "configured", { ...BY_HAND, gate: GATE }), ACTIVE);
});

test("leave that was taken away and given back leads back to work", () => {
  const without = after(ACTIVE, "permission", { granted: false });
  assert.equal(without.phase, "permission");
  assert.equal(mayLook(without), false);
  assert.equal(after(without, "permission", { granted: true }).phase, "active");
  assert.equal(after(after(CONFIGURED, "permission", { granted: false }), "permission", { granted: true }).phase, "code");
});

test("a report brings the time of the next one and how far the clocks are apart", () => {
  const early = after(ENROLLED, "attested", { now: NOW, reportEvery: 480, serverTime: NOW / 1000 + 120, chance: 1, listed: [], company: "" });
  assert.equal(early.phase, "active");
  assert.equal(early.reportAt, NOW + 480_000);
  assert.equal(early.skew, 120);
});

for (const [reason, phase] of [
  ["enrolment-unknown", "code-refused"],
  ["enrolment-expired", "code-refused"],
  ["enrolment-used-up", "code-refused"],
  ["key-revoked", "revoked"],
  ["enrolment-revoked", "shut-out"],
  ["machine-keys-full", "machine-full"],
  ["key-not-enrolled", "not-enrolled"],
]) {
  test(`${reason} ends in ${phase}, without a verdict of before and without another try`, () => {
    const seen = after(ACTIVE, "looked", { now: NOW, status: ALLOWED, etag: "" });
    const state = after(seen, "refused", refusal(reason));
    assert.equal(state.phase, phase);
    assert.equal(state.status, null);
    assert.equal(state.retryAt, 0);
    assert.equal(state.trouble?.reference, "REF2345");
    assert.equal(reportsNow(state, NOW + 1e9, 0), false);
    assert.equal(mayLook(state), false);
  });
}

for (const reason of ["too-many-requests", "store-unavailable", "proof-replayed", "no-gate", "constructor"]) {
  test(`${reason} is tried again later`, () => {
    const state = after(ACTIVE, "refused", refusal(reason, { retryAfter: 60 }));
    assert.equal(state.phase, "away");
    assert.equal(state.retryAt, NOW + 60_000);
    assert.equal(reportsNow(state, NOW + 59_000, 0), false);
    assert.equal(reportsNow(state, NOW + 60_000, 0), true);
  });
}

test("a gate that is away is asked ever more seldom, and the last verdict stays", () => {
  let state = after(ACTIVE, "looked", { now: NOW, status: ALLOWED, etag: "" });
  for (const wait of [5, 10, 20]) {
    state = after(state, "unreachable", { now: NOW, chance: 1 });
    assert.equal(state.retryAt, NOW + wait * 1000);
  }
  assert.equal(state.status, ALLOWED);
  const back = after(state, "attested", { now: NOW, reportEvery: 480, serverTime: NOW / 1000, chance: 1, listed: [], company: "" });
  assert.deepEqual([back.phase, back.failures, back.trouble], ["active", 0, null]);
});

test("a refusal that tells the time tells how far this clock is off", () => {
  assert.equal(after(ACTIVE, "refused", refusal("proof-stale", { serverTime: NOW / 1000 + 900 })).skew, 900);
  assert.equal(after({ ...ACTIVE, skew: 5 }, "refused", refusal("proof-stale")).skew, 5);
});

test("a key that is gone is no device any more", () => {
  const state = after(ACTIVE, "keyLost");
  assert.deepEqual([state.phase, state.deviceId], ["key-lost", ""]);
});

test("nothing that an object inherits is an event", () => {
  for (const type of ["constructor", "toString", "vanish"]) {
    assert.throws(() => after(EMPTY, /** @type {any} */ (type)), TypeError);
  }
});

test("an unchanged verdict is seen anew and kept", () => {
  const seen = after(ACTIVE, "looked", { now: NOW, status: ALLOWED, etag: 'W/"1"' });
  const again = after(seen, "looked", { now: NOW + 1000, status: null, etag: "" });
  assert.deepEqual(again, { ...seen, statusAt: NOW + 1000 });
});

test("a look that gets through ends the trouble, unless a report is due and fails", () => {
  const away = after(ACTIVE, "unreachable", { now: NOW, chance: 1 });
  const looked = { now: NOW + 6000, status: ALLOWED, etag: "" };
  assert.equal(after(away, "looked", looked).phase, "active");
  assert.equal(after({ ...away, reportAt: NOW }, "looked", looked).phase, "away");
});

test("a company's token that was refused is tried again when asked, a person's code is not", () => {
  for (const reason of ["enrolment-unknown", "enrolment-revoked", "machine-keys-full"]) {
    const refusedCode = after({ ...CONFIGURED, managed: true }, "refused", refusal(reason));
    assert.equal(after(refusedCode, "retried", { now: NOW }).phase, "code");
    assert.equal(after({ ...refusedCode, managed: false }, "retried", { now: NOW }).phase, refusedCode.phase);
  }
  assert.equal(after(after(ACTIVE, "unreachable", { now: NOW, chance: 1 }), "retried", { now: NOW }).retryAt, 0);
});

test("a person who has removed what was listed and asks again is reported at once, if not too soon", () => {
  const verdict = { effect: "block", reason: "prohibited-app", apps: ["Shop"] };
  const blocked = after(ACTIVE, "looked", { now: NOW, status: readStatus({ verdict }), etag: "" });
  assert.equal(after(blocked, "retried", { now: NOW + 31_000 }).reportAt, 0);
  assert.equal(after(blocked, "retried", { now: NOW + 29_000 }).reportAt, ACTIVE.reportAt);
  assert.equal(after(ACTIVE, "retried", { now: NOW + 31_000 }).reportAt, ACTIVE.reportAt);
});

test("extensions that the gate asks about for the first time are reported at once, and then with every report", () => {
  const answer = { now: NOW, reportEvery: 480, serverTime: NOW / 1000, chance: 1, listed: ["aaaa"], company: "Example" };
  const asked = after(ENROLLED, "attested", answer);
  assert.deepEqual([asked.listed, asked.reportAt], [["aaaa"], NOW]);
  assert.equal(after(asked, "attested", answer).reportAt, NOW + 480_000);
});

test("a clock that is set back makes everything due; one that is put right by a second does not", () => {
  const seen = after(ACTIVE, "looked", { now: NOW, status: ALLOWED, etag: "" });
  const back = after(seen, "clockRead", { now: NOW - 3_600_000 });
  assert.deepEqual([back.reportAt, back.statusAt, back.retryAt, back.phase], [0, 0, 0, "active"]);
  assert.equal(after(seen, "clockRead", { now: NOW - 1000 }), seen);
});

const UNDER_POLICY = after(after(EMPTY, "configured", POLICY), "enrolled", { deviceId: "enrolled-a", thumbprint: "a" });
const REVOKED = after(UNDER_POLICY, "refused", refusal("key-revoked"));

test("a browser that was shut out stays it under the same policy, also when it has forgotten its key", () => {
  assert.equal(after(REVOKED, "configured", POLICY).phase, "revoked");
  const forgotten = after({ ...EMPTY, shut: REVOKED.shut }, "configured", POLICY);
  assert.deepEqual([forgotten.phase, forgotten.machine], ["revoked", "LAP-0042"]);
  assert.equal(after(after(forgotten, "permission", { granted: false }), "permission", { granted: true }).phase, "revoked");
});

test("another token or computer in the policy starts anew, and so does a code that was accepted", () => {
  const renewed = after(REVOKED, "configured", { ...POLICY, policy: "two" });
  assert.deepEqual([renewed.phase, renewed.deviceId], ["code", ""]);
  const typed = after({ ...REVOKED, deviceId: "" }, "enrolled", { deviceId: "enrolled-b", thumbprint: "b" });
  assert.deepEqual([typed.phase, typed.shut], ["active", ""]);
});

test("a mistake in the policy is kept for those who made it, and costs no browser its enrolment", () => {
  const mistaken = { ...POLICY, gate: null, wrong: "gate is missing" };
  assert.deepEqual(after(EMPTY, "configured", mistaken).phase, "policy-wrong");
  const kept = after(UNDER_POLICY, "configured", mistaken);
  assert.deepEqual([kept.phase, kept.deviceId, kept.gate, kept.wrong], ["active", "enrolled-a", GATE, "gate is missing"]);
  assert.deepEqual(after(kept, "configured", POLICY), UNDER_POLICY);
});

test("whoever opens the mail waits for no pause of this extension's own, and for one that the gate asked for", () => {
  const away = after(ACTIVE, "unreachable", { now: NOW, chance: 1 });
  assert.equal(after(away, "awaited").retryAt, 0);
  const asked = after(ACTIVE, "refused", refusal("too-many-requests", { status: 429, retryAfter: 60 }));
  assert.equal(after(asked, "awaited"), asked);
  assert.equal(after(ACTIVE, "awaited"), ACTIVE);
});

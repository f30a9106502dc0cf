import assert from "node:assert/strict";
import { test } from "node:test";

import { changes, remember } from "../../../extension/core/changes.js";
import { readStatus } from "../../../extension/core/status.js";

/** @param {object} here @param {object[]} [devices] */
function told(here, devices = []) {
  const status = readStatus({ verdict: here, client: { kind: "laptop", assurance: "claimed" }, devices });
  return remember(/** @type {import("../../../extension/core/status.js").Status} */ (status));
}

const ALLOW = { effect: "allow", reason: "rule-matched" };
const WARN = { effect: "warn", reason: "prohibited-app", deadline: "2026-12-15T17:00:00+00:00" };
const BLOCK = { effect: "block", reason: "prohibited-app" };
const phone = (/** @type {object} */ verdict, /** @type {string[]} */ apps = ["tiktok"]) => ({
  id: "aaaa",
  kind: "phone",
  state: apps.length > 0 ? "listed" : "clean",
  apps,
  verdict,
});

test("a first look that finds nothing wrong says nothing", () => {
  assert.deepEqual(changes({}, told(ALLOW, [phone(ALLOW, [])])), []);
});

test("a first look says what is coming and what is blocked", () => {
  assert.deepEqual(changes({}, told(WARN, [phone(BLOCK)])), [
    { id: "here", kind: "warned" },
    { id: "aaaa", kind: "blocked" },
  ]);
});

test("the same verdict is told once", () => {
  assert.deepEqual(changes(told(ALLOW, [phone(BLOCK)]), told(ALLOW, [phone(BLOCK)])), []);
});

test("from warned to blocked", () => {
  assert.deepEqual(changes(told(ALLOW, [phone(WARN)]), told(ALLOW, [phone(BLOCK)])), [{ id: "aaaa", kind: "blocked" }]);
});

test("a deadline that moves is told", () => {
  const later = { ...WARN, deadline: "2026-12-20T17:00:00+00:00" };
  assert.deepEqual(changes(told(WARN), told(later)), [{ id: "here", kind: "warned" }]);
});

test("it is fixed where the device has changed, and taken back where only the rule has", () => {
  const blocked = told(ALLOW, [phone(BLOCK)]);
  assert.deepEqual(changes(blocked, told(ALLOW, [phone(ALLOW, [])])), [{ id: "aaaa", kind: "fixed" }]);
  assert.deepEqual(changes(blocked, told(ALLOW, [phone(ALLOW)])), [{ id: "aaaa", kind: "retracted" }]);
});

test("a rule against this browser that is taken back is told as that", () => {
  assert.deepEqual(changes(told(BLOCK), told(ALLOW)), [{ id: "here", kind: "retracted" }]);
});

test("this browser is told of once, though it is among the devices", () => {
  const here = { ...phone(BLOCK), here: true };
  assert.deepEqual(changes({}, told(BLOCK, [here])), [{ id: "here", kind: "blocked" }]);
});

test("a device whose verdict the gate does not tell is no change", () => {
  assert.deepEqual(changes({}, told(ALLOW, [{ id: "b", state: "listed", apps: ["tiktok"] }])), []);
});

test("mail that opens with a warning, or only after a proof, is not told as open", () => {
  const challenge = { effect: "challenge", reason: "attestation-required" };
  assert.deepEqual(changes(told(BLOCK), told(WARN)), [{ id: "here", kind: "warned" }]);
  assert.deepEqual(changes(told(ALLOW, [phone(BLOCK)]), told(ALLOW, [phone(WARN, [])])), [{ id: "aaaa", kind: "warned" }]);
  assert.deepEqual(changes(told(BLOCK), told(challenge)), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY } from "../../../extension/core/state.js";
import { readStatus } from "../../../extension/core/status.js";
import { viewOf } from "../../../extension/core/view.js";

/** @typedef {import("../../../extension/core/state.js").Memory} Memory */

/** @param {object} verdict @param {object[]} [devices] @returns {Memory} */
function knowing(verdict, devices = []) {
  const status = readStatus({ verdict, devices });
  return { ...EMPTY, phase: "active", gate: "https://mail.example.com", deviceId: "d", status };
}

const ALLOW = { effect: "allow", reason: "rule-matched" };
const BLOCK = { effect: "block", reason: "prohibited-app", apps: ["TikTok"], fix: "remove-app", contact: "it-help@example.com" };

test("an open mailbox is one sentence and nothing to do", () => {
  const view = viewOf(knowing(ALLOW));
  assert.deepEqual([view.tone, view.headline, view.explained, view.setUp], ["ok", ["here_allow"], null, false]);
  assert.deepEqual([view.here?.reason, view.here?.fix, view.here?.contact], [null, null, ""]);
});

test("a gate that was asked too often is not said to be away, and the time of the next try is told", () => {
  const trouble = { reason: "too-many-requests", status: 429, reference: "", at: 0 };
  const view = viewOf({ ...knowing(ALLOW), phase: "away", trouble, retryAt: 1_790_000_540_000 });
  assert.deepEqual([view.headline[0], view.explained?.[0]], ["phase_too_often", "phase_too_often_fix"]);
  assert.equal(view.againAt, 1_790_000_540_000);
  assert.equal(viewOf({ ...knowing(ALLOW), phase: "away", retryAt: 1_790_000_540_000 }).againAt, 0);
});

test("a block says what blocks, what ends it and whom to ask", () => {
  const { here, tone } = viewOf(knowing(BLOCK));
  assert.equal(tone, "blocked");
  assert.deepEqual(here?.reason, ["reason_prohibited_app", "TikTok", ""]);
  assert.deepEqual(here?.fix, ["fix_remove_here", "TikTok"]);
  assert.equal(here?.contact, "it-help@example.com");
});

test("each device has its line, this browser first; the tone is this browser's, as the headline is", () => {
  const phone = { id: "a", kind: "phone", os: "ios", os_version: "18.6", verdict: BLOCK };
  const own = { id: "b", here: true, kind: "laptop", verdict: ALLOW };
  const view = viewOf(knowing(ALLOW, [phone, own, { id: "c", kind: "toaster", apps: ["tiktok"] }]));
  assert.deepEqual(view.devices.map(({ kind, tone, system }) => [kind, tone, system]), [
    ["kind_here", "ok", ""],
    ["kind_phone", "blocked", "iOS 18.6"],
    ["kind_other", "waiting", ""],
  ]);
  assert.deepEqual([view.tone, view.headline], ["ok", ["here_allow"]]);
});

test("two computers that look the same are told apart by the end of an id; one alone needs none", () => {
  const computer = { kind: "laptop", os: "windows", verdict: ALLOW };
  const devices = [
    { ...computer, id: "a", tail: "LF2S" },
    { ...computer, id: "b", tail: "9XQ2" },
    { id: "c", kind: "phone", os: "ios", tail: "4F2A", verdict: ALLOW },
  ];
  assert.deepEqual(viewOf(knowing(ALLOW, devices)).devices.map(({ tail }) => tail), ["LF2S", "9XQ2", ""]);
});

test("this browser's line in the list does not say again what stands above it", () => {
  const own = { id: "b", here: true, kind: "laptop", os: "windows", os_version: "15.0.0", verdict: BLOCK };
  const [line] = viewOf(knowing(BLOCK, [own])).devices;
  assert.deepEqual([line.state, line.reason, line.fix, line.system], [["device_block"], null, null, "Windows"]);
});

test("while the gate is away, the last verdict is still there, but not as the headline", () => {
  const view = viewOf({ ...knowing(BLOCK), phase: "away" });
  assert.deepEqual([view.tone, view.headline], ["waiting", ["phase_away", "mail.example.com"]]);
  assert.deepEqual(view.here?.state, ["here_block"]);
});

for (const phase of /** @type {const} */ (["unconfigured", "permission", "code", "code-refused", "revoked", "not-enrolled", "key-lost"])) {
  test(`in the state ${phase} the way out is the set-up, and no verdict is shown`, () => {
    const view = viewOf({ ...knowing(ALLOW), phase });
    assert.equal(view.setUp, true);
    assert.equal(view.here, null);
    assert.deepEqual(view.devices, []);
    assert.equal(view.explained?.[0], `${view.headline[0]}_fix`);
  });
}

test("where the company has set no token, or a bad one, a code can be entered; the bad one can be tried again", () => {
  const managed = { ...EMPTY, gate: "https://mail.example.com", managed: true };
  const without = viewOf({ ...managed, phase: "code" });
  assert.deepEqual([without.setUp, without.checks], [true, false]);
  const bad = viewOf({ ...managed, phase: "code-refused" });
  assert.deepEqual([bad.headline[0], bad.setUp, bad.checks], ["phase_token_refused", true, true]);
});

test("an address that never answered can be corrected, one that did cannot be mistyped", () => {
  const away = viewOf({ ...EMPTY, gate: "https://mial.example.com", phase: "away" });
  assert.deepEqual([away.setUp, away.checks], [true, true]);
  assert.equal(viewOf({ ...knowing(ALLOW), phase: "away" }).setUp, false);
});

test("a clock that is off by more than a minute is told in minutes", () => {
  assert.equal(viewOf({ ...knowing(ALLOW), skew: 60 }).minutesOff, 0);
  assert.equal(viewOf({ ...knowing(ALLOW), skew: -700 }).minutesOff, 12);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { RESTING } from "../../../extension/core/phases.js";
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
  assert.deepEqual([view.tone, view.headline, view.explained, view.steps], ["ok", ["here_allow"], null, ["open"]]);
  assert.deepEqual([view.here?.reason, view.here?.fix, view.here?.contact], [null, null, ""]);
});

test("the head has the company's name, or else the host of its mail", () => {
  assert.equal(viewOf({ ...knowing(ALLOW), company: "Example" }).company, "Example");
  assert.equal(viewOf(knowing(ALLOW)).company, "mail.example.com");
  assert.equal(viewOf(EMPTY).company, "");
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

test("each other device has its line; the tone is this browser's, as the headline is", () => {
  const phone = { id: "a", kind: "phone", os: "ios", os_version: "18.6", verdict: BLOCK };
  const own = { id: "b", here: true, kind: "laptop", verdict: ALLOW };
  const view = viewOf(knowing(ALLOW, [phone, own, { id: "c", kind: "toaster", apps: ["tiktok"] }]));
  assert.deepEqual(view.devices.map(({ kind, tone, system }) => [kind, tone, system]), [
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

test("a version of Windows is left out, since browsers name other ones than people do", () => {
  const [line] = viewOf(knowing(ALLOW, [{ id: "b", kind: "laptop", os: "windows", os_version: "15.0.0", verdict: BLOCK }])).devices;
  assert.equal(line.system, "Windows");
});

for (const [what, kind, verdict, told] of /** @type {[string, string, object, boolean][]} */ ([
  ["a phone that gets no mail", "phone", BLOCK, true],
  ["a tablet that loses it on a day", "tablet", { ...BLOCK, effect: "warn", deadline: "2026-12-15T17:00:00Z" }, true],
  ["a phone of which a rule warns without a day", "phone", { ...BLOCK, effect: "warn" }, false],
  ["a phone on which nothing has to be removed", "phone", { ...BLOCK, reason: "posture-stale", fix: "" }, false],
  ["a mail app, whose device is not known", "mail_app", BLOCK, false],
])) {
  test(`what to remove from ${what} is ${told ? "" : "not "}said before anything else, while mail opens here`, () => {
    const device = { id: "a", kind, verdict };
    const view = viewOf(knowing(ALLOW, [device]));
    assert.equal(view.remove !== null, told);
    assert.deepEqual(view.steps, told ? ["how", "open"] : ["open"]);
    assert.equal(viewOf(knowing(BLOCK, [device])).remove, null, "what keeps mail from opening here comes first");
  });
}

test("a refusal leads to another check and to help, with its reference", () => {
  const view = viewOf(knowing(BLOCK));
  assert.deepEqual([view.steps, view.badge, view.reference], [["check", "help"], ["device_block"], ""]);
  const status = readStatus({ verdict: BLOCK, reference: "AR7QMX2K5T" });
  assert.equal(viewOf({ ...knowing(BLOCK), status }).reference, "AR7QMX2K5T");
  assert.equal(viewOf({ ...knowing(ALLOW), status: readStatus({ verdict: ALLOW, reference: "AR7QMX2K5T" }) }).reference, "");
});

for (const phase of /** @type {const} */ (["revoked", "shut-out", "machine-full"])) {
  test(`in the state ${phase} people are told by which name to ask for help`, () => {
    const managed = { ...knowing(ALLOW), managed: true, phase };
    assert.deepEqual(viewOf({ ...managed, machine: "LAP-0042" }).named, ["computer_name", "LAP-0042"]);
    assert.equal(viewOf(managed).named, null);
  });
}

test("a company's mistake in the policy is quoted, whether or not the settings before go on", () => {
  const wrong = "gate: “mail example” is no address";
  const fresh = viewOf({ ...EMPTY, managed: true, wrong, phase: "policy-wrong" });
  assert.deepEqual([fresh.headline[0], fresh.quoted, fresh.steps], ["phase_policy_wrong", wrong, ["check"]]);
  const going = viewOf({ ...knowing(ALLOW), wrong });
  assert.deepEqual([going.headline, going.quoted], [["here_allow"], wrong]);
});

test("while the gate is away, the last verdict is still there, but not as the headline", () => {
  const view = viewOf({ ...knowing(BLOCK), phase: "away" });
  assert.deepEqual([view.tone, view.headline], ["waiting", ["phase_away", "mail.example.com"]]);
  assert.deepEqual(view.here?.state, ["here_block"]);
});

for (const phase of /** @type {const} */ (["unconfigured", "permission", "code", "code-refused", "revoked", "shut-out", "machine-full", "not-enrolled", "key-lost"])) {
  test(`in the state ${phase} the way out is the set-up, and no verdict is shown`, () => {
    const view = viewOf({ ...knowing(ALLOW), phase });
    assert.deepEqual(view.steps, ["set-up"]);
    assert.equal(view.here, null);
    assert.deepEqual(view.devices, []);
    assert.equal(view.explained?.[0], `${view.headline[0]}_fix`);
  });
}

test("where the company has set no token, or a bad one, a code can be entered; the bad one can be tried again", () => {
  const managed = { ...EMPTY, gate: "https://mail.example.com", managed: true };
  const without = viewOf({ ...managed, phase: "code" });
  assert.deepEqual(without.steps, ["set-up"]);
  const bad = viewOf({ ...managed, phase: "code-refused" });
  assert.deepEqual([bad.headline[0], bad.steps], ["phase_token_refused", ["check", "set-up"]]);
});

test("an address that never answered can be corrected, one that did cannot be mistyped", () => {
  const away = viewOf({ ...EMPTY, gate: "https://mial.example.com", phase: "away" });
  assert.deepEqual(away.steps, ["check", "set-up"]);
  assert.deepEqual(viewOf({ ...knowing(ALLOW), phase: "away" }).steps, ["check"]);
});

test("a clock that is off by more than a minute is told in minutes", () => {
  assert.equal(viewOf({ ...knowing(ALLOW), skew: 60 }).minutesOff, 0);
  assert.equal(viewOf({ ...knowing(ALLOW), skew: -700 }).minutesOff, 12);
});

const WORDS = JSON.parse(readFileSync(new URL("../../../extension/_locales/en/messages.json", import.meta.url), "utf8"));

for (const phase of /** @type {import("../../../extension/core/memory.js").Phase[]} */ ([...RESTING, "enrolling", "active", "away"])) {
  test(`the state ${phase} has words for all that is shown of it`, () => {
    for (const managed of [false, true]) {
      const { headline, explained, badge, named } = viewOf({ ...EMPTY, gate: "https://mail.example.com", phase, managed, machine: "LAP-0042" });
      const keys = [headline, explained, badge, named].flatMap((text) => (text ? [text[0]] : []));
      assert.deepEqual(keys.filter((key) => !Object.hasOwn(WORDS, key)), []);
    }
  });
}

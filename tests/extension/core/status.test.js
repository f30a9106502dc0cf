import assert from "node:assert/strict";
import { test } from "node:test";

import { readStatus } from "../../../extension/core/status.js";

test("what is no status is none", () => {
  for (const said of [null, 7, "x", [], {}, { verdict: {} }, { verdict: { effect: "explode" } }]) {
    assert.equal(readStatus(said), null);
  }
});

test("what an older gate leaves out is empty, and what it says wrongly is left out", () => {
  const status = readStatus({ verdict: { effect: "block", apps: "TikTok", deadline: "soon" }, devices: [{ apps: [1, "tiktok"] }] });
  assert.deepEqual(status?.verdict.apps, []);
  assert.equal(status?.verdict.deadline, "");
  assert.deepEqual(status?.devices[0].apps, ["tiktok"]);
  assert.equal(status?.devices[0].id, "device-0");
  assert.equal(status?.devices[0].verdict, null);
  assert.equal(status?.client.kind, "");
});

test("a device has its own verdict and says whether it is this browser", () => {
  const said = {
    verdict: { effect: "allow", reason: "rule-matched", title: null },
    devices: [{ id: "a", here: true, os_version: "18.6", os: "ios", verdict: { effect: "warn", deadline: "2026-12-15T17:00:00+00:00" } }],
  };
  const device = readStatus(said)?.devices[0];
  assert.equal(device?.here, true);
  assert.equal(device?.osVersion, "18.6");
  assert.equal(device?.verdict?.deadline, "2026-12-15T17:00:00+00:00");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { machineOf } from "../../../extension/core/machine.js";

const UNKNOWN = { disk_encrypted: null, screen_lock: null, firewall: null, serial: "", asset_id: "", location: "", hostname: "" };

test("without anybody who says anything nothing is said", () => {
  assert.equal(machineOf(null, null), null);
  assert.deepEqual(machineOf({}, null), UNKNOWN);
});

test("what is odd or missing is unknown, never false", () => {
  const odd = { disk_encrypted: "yes", screen_lock: 0, firewall: undefined, serial: 7, hostname: `a\n${"b".repeat(99)}`, extra: true };
  assert.deepEqual(machineOf(odd, null), { ...UNKNOWN, hostname: `a${"b".repeat(63)}` });
  assert.deepEqual(machineOf("odd", null), UNKNOWN);
  assert.deepEqual(machineOf({ disk_encrypted: false, firewall: true }, null), { ...UNKNOWN, disk_encrypted: false, firewall: true });
});

test("a Chromebook tells the names that the company gave it", () => {
  const named = { serial: "5CD1", asset_id: "4711", location: "Room 3", hostname: "ada" };
  assert.deepEqual(machineOf(null, named), { ...UNKNOWN, ...named });
});

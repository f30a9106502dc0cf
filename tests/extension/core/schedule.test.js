import assert from "node:assert/strict";
import { test } from "node:test";

import { STATUS_EVERY, alarmIn, backoff, reportIn, statusEvery } from "../../../extension/core/schedule.js";

test("waits double with every failure, up to ten minutes", () => {
  assert.deepEqual([1, 2, 3, 4].map((failures) => backoff(failures, 1)), [5, 10, 20, 40]);
  assert.equal(backoff(50, 1), 600);
});

test("half of a wait is chance, so that browsers do not come back all at once", () => {
  assert.equal(backoff(4, 0), 20);
  assert.equal(backoff(4, 0.5), 30);
});

test("a gate that asks for more time gets it", () => {
  assert.equal(backoff(1, 0, 300), 300);
  assert.equal(backoff(9, 1, 3), 600);
});

test("a report comes a little sooner than asked for, never later", () => {
  assert.equal(reportIn(480, 0), 384);
  assert.equal(reportIn(480, 1), 480);
});

test("an admin sets how often the verdict is looked at, within bounds", () => {
  assert.equal(statusEvery(120), 120);
  for (const wrong of [29, 3601, "60", undefined, NaN]) assert.equal(statusEvery(wrong), STATUS_EVERY);
});

test("the alarm rings for what is due first, but never sooner than browsers allow", () => {
  assert.equal(alarmIn([0, 500_000, 90_000], 10_000), 80);
  assert.equal(alarmIn([5_000], 10_000), 30);
  assert.equal(alarmIn([0, 0], 10_000), 600);
});

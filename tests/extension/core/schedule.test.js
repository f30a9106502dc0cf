import assert from "node:assert/strict";
import { test } from "node:test";

import { STATUS_EVERY, alarmIn, backoff, reportIn, retryAfter, statusEvery } from "../../../extension/core/schedule.js";

const NOW = 1_790_000_000_000;

test("waits double with every failure, up to a minute", () => {
  assert.deepEqual([1, 2, 3, 4].map((failures) => backoff(failures, 1)), [5, 10, 20, 40]);
  assert.equal(backoff(50, 1), 60);
});

test("half of a wait is chance, so that browsers do not come back all at once", () => {
  assert.equal(backoff(4, 0), 20);
  assert.equal(backoff(4, 0.5), 30);
});

test("a pause is asked for in seconds or until a date, and lasts an hour at most", () => {
  assert.equal(retryAfter("120", NOW), 120);
  assert.equal(retryAfter(new Date(NOW + 90_000).toUTCString(), NOW), 90);
  assert.equal(retryAfter("86400", NOW), 3600);
  for (const none of [null, "", "-5", "soon", new Date(NOW - 90_000).toUTCString()]) assert.equal(retryAfter(none, NOW), 0);
});

test("a gate that asks for more time gets it", () => {
  assert.equal(backoff(1, 0, 300), 300);
  assert.equal(backoff(9, 1, 3), 60);
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

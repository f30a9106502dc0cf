import assert from "node:assert/strict";
import { test } from "node:test";

import { askedTooOften, isEnrolled } from "../../../extension/core/phases.js";
import { EMPTY } from "../../../extension/core/state.js";

const ENROLLED = { ...EMPTY, deviceId: "enrolled-a", phase: /** @type {const} */ ("active") };

test("a browser is enrolled until its key is shut out or forgotten, whether or not the gate answers", () => {
  for (const phase of /** @type {const} */ (["active", "away", "permission"])) {
    assert.equal(isEnrolled({ ...ENROLLED, phase }), true);
  }
  assert.equal(isEnrolled({ ...ENROLLED, phase: "revoked" }), false);
  assert.equal(isEnrolled({ ...ENROLLED, phase: "not-enrolled", deviceId: "" }), false);
});

test("only the gate's own word says that it was asked too often", () => {
  const trouble = { reason: "too-many-requests", status: 429, reference: "", at: 0 };
  assert.equal(askedTooOften({ ...ENROLLED, phase: "away", trouble }), true);
  assert.equal(askedTooOften({ ...ENROLLED, phase: "away", trouble: { ...trouble, status: 503 } }), false);
  assert.equal(askedTooOften({ ...ENROLLED, phase: "away" }), false);
  assert.equal(askedTooOften({ ...ENROLLED, trouble }), false);
});

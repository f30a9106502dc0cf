import assert from "node:assert/strict";
import { test } from "node:test";

import { diagnosticsOf } from "../../../extension/core/diagnostics.js";
import { EMPTY } from "../../../extension/core/state.js";

const ABOUT = { version: "0.1.0", browser: "Firefox 153", system: "linux ", tokenUntil: 0, now: 1_790_000_000_000 };

test("what went wrong last stands there with its reference", () => {
  const trouble = { reason: "key-revoked", status: 403, reference: "REF2345", at: 1_790_000_000_000 };
  const text = diagnosticsOf({ ...EMPTY, phase: "revoked", trouble }, ABOUT);
  assert.match(text, /^state: revoked$/m);
  assert.match(text, /^last trouble: key-revoked \(HTTP 403\) at 2026-09-21T/m);
  assert.match(text, /^reference of it: REF2345$/m);
  assert.match(text, /^proved until: -$/m);
});

test("no token can stand in it: it is not even handed in", () => {
  const secret = /** @type {any} */ ({ ...EMPTY, token: "eyJhbGciOi" });
  assert.doesNotMatch(diagnosticsOf(secret, ABOUT), /eyJ/);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { readAttested, readEnrolled } from "../../../extension/core/answers.js";

const ATTESTED = {
  device_attestation: "eyJ.e30.c2ln",
  expires_at: 1_790_000_600,
  server_time: 1_790_000_000,
  report_every: 480,
  listed_extensions: ["aaaa", 7],
  company: "Example",
};

test("an enrolment names the device and its key", () => {
  assert.deepEqual(readEnrolled({ device_id: "enrolled-a", key_thumbprint: "a" }), { deviceId: "enrolled-a", thumbprint: "a" });
  for (const other of [null, [], {}, { device_id: "enrolled-a" }, { device_id: 7, key_thumbprint: "a" }]) {
    assert.equal(readEnrolled(other), null);
  }
});

test("an attestation has a token, for how long, and what else is asked", () => {
  const read = { token: "eyJ.e30.c2ln", life: 600, serverTime: 1_790_000_000, reportEvery: 480, company: "Example", listed: ["aaaa"] };
  assert.deepEqual(readAttested(ATTESTED), read);
});

for (const [what, wrong] of Object.entries({
  "a token that no header can hold": { device_attestation: "a\r\nX: b" },
  "no token": { device_attestation: undefined },
  "a token that has ended": { expires_at: 1_790_000_000 },
  "a token for a year": { expires_at: 1_821_536_000 },
  "no time": { server_time: "now" },
})) {
  test(`${what} is no attestation`, () => assert.equal(readAttested({ ...ATTESTED, ...wrong }), null));
}

test("a gate that names no time for the next report, or an odd one, is reported to as others are", () => {
  for (const odd of [undefined, 0, -480, 1, 1e9, "soon"]) {
    assert.equal(readAttested({ ...ATTESTED, report_every: odd })?.reportEvery, 480);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { base64url, encodeJson, publicMembers } from "../../../extension/core/jose.js";

test("bytes become base64url without padding", () => {
  assert.equal(base64url(new Uint8Array([0xfb, 0xff, 0xfe])), "-__-");
  assert.equal(base64url(new Uint8Array([1])), "AQ");
});

test("JSON is encoded as UTF-8", () => {
  assert.equal(encodeJson({ a: "é" }), Buffer.from('{"a":"é"}').toString("base64url"));
});

test("only the public members of a key leave", () => {
  const jwk = { kty: "EC", crv: "P-256", x: "a", y: "b", d: "secret", ext: true, key_ops: ["sign"] };
  assert.deepEqual(publicMembers(jwk), { kty: "EC", crv: "P-256", x: "a", y: "b" });
});

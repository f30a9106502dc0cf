import assert from "node:assert/strict";
import { test } from "node:test";

import { dpopProof } from "../../../extension/core/dpop.js";

const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const ES256 = { name: "ECDSA", hash: "SHA-256" };

/** @param {object} [more] */
async function proof(more = {}) {
  const proving = {
    publicJwk: await crypto.subtle.exportKey("jwk", pair.publicKey),
    sign: (/** @type {any} */ bytes) => crypto.subtle.sign(ES256, pair.privateKey, bytes),
    method: "POST",
    url: "https://mail.example.com/.mailgate/attest?a=b#c",
    now: 1_790_000_000,
    id: "one",
  };
  return dpopProof({ ...proving, ...more });
}

/** @param {string} part */
const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

test("a proof names the request, the time and the key, and nothing private", async () => {
  const [header, claims] = (await proof()).split(".");
  assert.equal(read(header).typ, "dpop+jwt");
  assert.deepEqual(Object.keys(read(header).jwk).sort(), ["crv", "kty", "x", "y"]);
  assert.deepEqual(read(claims), {
    jti: "one",
    htm: "POST",
    htu: "https://mail.example.com/.mailgate/attest",
    iat: 1_790_000_000,
  });
});

test("a nonce stands in it only where the gate gave one out", async () => {
  assert.equal(read((await proof({ nonce: "n1" })).split(".")[1]).nonce, "n1");
  assert.equal("nonce" in read((await proof({ nonce: "" })).split(".")[1]), false);
});

test("the signature is that of the key over the first two parts", async () => {
  const whole = await proof();
  const at = whole.lastIndexOf(".");
  const signature = Buffer.from(whole.slice(at + 1), "base64url");
  assert.equal(signature.length, 64);
  assert.ok(await crypto.subtle.verify(ES256, pair.publicKey, signature, new TextEncoder().encode(whole.slice(0, at))));
});

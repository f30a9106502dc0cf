import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { look, post } from "../../../extension/background/gate.js";

const URL = "https://mail.example.com/.mailgate/attest";
const fetched = globalThis.fetch;
const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const KEY = {
  publicJwk: await crypto.subtle.exportKey("jwk", pair.publicKey),
  sign: (/** @type {any} */ bytes) => crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, bytes),
};

afterEach(() => {
  globalThis.fetch = fetched;
});

/** Answers in turn; what was asked is kept. @param {(Response | Error)[]} answers */
function answering(...answers) {
  /** @type {{url: string, how: any, claims: any}[]} */
  const asked = [];
  globalThis.fetch = async (url, how) => {
    const proof = /** @type {any} */ (how)?.headers.DPoP ?? "..";
    const claims = JSON.parse(Buffer.from(proof.split(".")[1], "base64url").toString() || "null");
    asked.push({ url: String(url), how, claims });
    const answer = answers[asked.length - 1];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return asked;
}

/** @param {number} status @param {object} body @param {Record<string, string>} [headers] */
const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });

test("a clock that is wrong is put right by the gate's time, once", async () => {
  const gateTime = Math.floor(Date.now() / 1000) + 7200;
  const asked = answering(json(401, { reason: "proof-stale", server_time: gateTime }), json(200, { a: 1 }));
  const answer = await post(URL, {}, { key: KEY, nonce: "", skew: 0 });
  assert.equal(answer.kind, "answer");
  assert.ok(Math.abs(asked[1].claims.iat - gateTime) <= 2);
  assert.notEqual(asked[0].claims.jti, asked[1].claims.jti);
});

test("a nonce that the gate asks for is used, once", async () => {
  const asked = answering(
    json(401, { reason: "proof-nonce-missing" }, { "DPoP-Nonce": "n1" }),
    json(401, { reason: "proof-nonce-wrong" }, { "DPoP-Nonce": "n2" }),
  );
  const answer = await post(URL, {}, { key: KEY, nonce: "", skew: 0 });
  assert.equal(asked.length, 2);
  assert.equal(asked[1].claims.nonce, "n1");
  assert.deepEqual([answer.kind, answer.nonce], ["refused", "n2"]);
});

test("a refusal that nothing can be done about is not asked again", async () => {
  const asked = answering(json(401, { reason: "proof-signature-wrong", reference: "REF2345" }));
  const answer = await post(URL, {}, { key: KEY, nonce: "n", skew: 0 });
  assert.equal(asked.length, 1);
  assert.deepEqual(answer, {
    kind: "refused",
    status: 401,
    reason: "proof-signature-wrong",
    reference: "REF2345",
    serverTime: 0,
    retryAfter: 0,
    nonce: "",
  });
});

test("a report goes without cookies and follows no redirect", async () => {
  const asked = answering(json(200, {}));
  await post(URL, { os: "linux" }, { key: KEY, nonce: "", skew: 0 });
  const { how } = asked[0];
  assert.deepEqual([how.credentials, how.redirect, how.body], ["omit", "error", '{"os":"linux"}']);
});

test("no network is no answer", async () => {
  answering(new TypeError("Failed to fetch"));
  assert.deepEqual(await look(URL, "", ""), { kind: "unreachable", nonce: "" });
});

test("whatever is no gate is said to be none: a captive portal's page, an error of a proxy", async () => {
  for (const answer of [new Response("<html>", { status: 200 }), new Response("bad gateway", { status: 502 })]) {
    answering(answer);
    const told = await look(URL, "", "");
    assert.deepEqual([told.kind, told.kind === "refused" && told.reason], ["refused", "no-gate"]);
  }
});

test("a gate that asks for time says how long", async () => {
  answering(json(429, { reason: "too-many-requests" }, { "Retry-After": "120" }));
  const told = await look(URL, "", "");
  assert.equal(told.kind === "refused" && told.retryAfter, 120);
});

test("the verdict is asked for with the token and the mark of the last answer", async () => {
  const asked = answering(new Response(null, { status: 304, headers: { ETag: 'W/"1"' } }));
  const told = await look(URL, "token", 'W/"1"');
  assert.deepEqual([told.kind, told.kind === "answer" && told.status], ["answer", 304]);
  assert.equal(asked[0].how.headers["Device-Attestation"], "token");
  assert.equal(asked[0].how.headers["If-None-Match"], 'W/"1"');
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { addressesOf, gateOrigin, mePage, permissionPattern } from "../../../extension/core/address.js";

for (const [typed, origin] of [
  ["mail.example.com", "https://mail.example.com"],
  ["  HTTPS://Mail.Example.com:443/owa?x=1 ", "https://mail.example.com"],
  ["https://mail.example.com:8443", "https://mail.example.com:8443"],
  ["http://localhost:8080/", "http://localhost:8080"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://mail.example.com", null],
  ["http://localhost.example.com", null],
  ["https://alice:secret@mail.example.com", null],
  ["javascript://mail.example.com/%0aalert(1)", null],
  ["ftp://mail.example.com", null],
  ["mail example", null],
  ["ma!l.example.com", null],
  ["x".repeat(300), null],
  ["bücher.example", "https://xn--bcher-kva.example"],
  ["", null],
]) {
  test(`"${typed}" is ${origin}`, () => assert.equal(gateOrigin(/** @type {string} */ (typed)), origin));
}

test("leave is asked for this host alone; a pattern has no port", () => {
  assert.equal(permissionPattern("https://mail.example.com:8443"), "https://mail.example.com/*");
});

test("the addresses of an origin end in a slash, so that no longer name passes for it", () => {
  assert.deepEqual(addressesOf("https://mail.example.com"), ["https://mail.example.com/", "wss://mail.example.com/"]);
  assert.deepEqual(addressesOf("http://127.0.0.1:80"), ["http://127.0.0.1:80/", "ws://127.0.0.1:80/"]);
});

test("the page about a person is on the mail origin", () => {
  assert.equal(mePage("https://mail.example.com"), "https://mail.example.com/.mailgate/me");
});

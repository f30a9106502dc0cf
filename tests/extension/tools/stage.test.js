import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fitted } from "../../../extension/tools/stage.js";

const MANIFEST = JSON.parse(readFileSync(new URL("../../../extension/manifest.json", import.meta.url), "utf8"));

test("without a company's address nothing is allowed before the person allows it", () => {
  for (const browser of /** @type {const} */ (["chromium", "firefox"])) {
    assert.equal("host_permissions" in fitted(MANIFEST, { browser }), false);
    assert.equal("homepage_url" in fitted(MANIFEST, { browser }), false);
  }
});

test("a company's own package may speak to its mail and to nothing else", () => {
  const manifest = fitted(MANIFEST, { browser: "chromium", origin: "https://mail.example.com:8443" });
  assert.deepEqual(manifest.host_permissions, ["https://mail.example.com/*"]);
  assert.equal(manifest.homepage_url, "https://mail.example.com:8443/.mailgate/me");
  assert.equal("optional_host_permissions" in manifest, false);
  assert.equal(manifest.permissions.includes("management"), false);
});

test("each browser gets the background that it knows", () => {
  assert.deepEqual(Object.keys(fitted(MANIFEST, { browser: "chromium" }).background), ["service_worker", "type"]);
  assert.deepEqual(Object.keys(fitted(MANIFEST, { browser: "firefox" }).background), ["scripts", "type"]);
});

test("pages of the extension run its own scripts alone and load nothing from elsewhere", () => {
  const policy = MANIFEST.content_security_policy.extension_pages;
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|data:| \*[; ]/);
});

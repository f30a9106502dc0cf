import assert from "node:assert/strict";
import { test } from "node:test";

const ID = "companion";
const area = { get: async () => ({}), set: async () => {}, remove: async () => {} };
/** @type {any} */ (globalThis).chrome = {
  runtime: { id: ID, getURL: (/** @type {string} */ path) => `chrome-extension://${ID}/${path}` },
  storage: { local: area, session: area, managed: area },
};
const { onMessage } = await import("../../../extension/background/handlers.js");

const POPUP = { id: ID, url: `chrome-extension://${ID}/popup/popup.html` };

/** @param {unknown} message @param {object} sender */
const ask = (message, sender) =>
  new Promise((resolve) => {
    if (!onMessage(message, /** @type {any} */ (sender), resolve)) resolve(null);
  });

test("the extension's own pages are answered", async () => {
  const told = await ask({ type: "state" }, POPUP);
  assert.equal(/** @type {any} */ (told).memory.phase, "unconfigured");
});

for (const [who, sender] of Object.entries({
  "another extension": { id: "other", url: "chrome-extension://other/popup.html" },
  "a web page": { id: ID, url: "https://mail.example.com/" },
  "a page whose address only begins alike": { id: ID, url: `chrome-extension://${ID}.example.com/` },
  "nobody by name": { id: ID },
})) {
  test(`${who} gets no answer`, async () => assert.equal(await ask({ type: "state" }, sender), null));
}

for (const message of [{ type: "constructor" }, { type: "__proto__" }, { type: 7 }, "state", null]) {
  test(`${JSON.stringify(message)} is no question`, async () => assert.equal(await ask(message, POPUP), null));
}

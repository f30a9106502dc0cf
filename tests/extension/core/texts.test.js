import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { OWN_WORDS, fixKey, reasonKey } from "../../../extension/core/texts.js";

const LOCALES = new URL("../../../extension/_locales/", import.meta.url);
const SOURCES = new URL("../../../extension/", import.meta.url);
/** @param {string} name @returns {Record<string, {message: string}>} */
const messages = (name) => JSON.parse(readFileSync(new URL(`${name}/messages.json`, LOCALES), "utf8"));
const ENGLISH = messages("en");

/** @param {object} more */
const verdict = (more) => /** @type {any} */ ({ effect: "block", reason: "", title: "", apps: [], fix: "", ...more });

test("a reason that is not known gets the general words", () => {
  assert.equal(reasonKey(verdict({ reason: "brand-new" })), "reason_other");
  assert.equal(reasonKey(verdict({ reason: "constructor" })), "reason_other");
});

test("a reason without its apps or its rule does not speak of them", () => {
  assert.equal(reasonKey(verdict({ reason: "prohibited-app" })), "reason_some_app");
  assert.equal(reasonKey(verdict({ reason: "rule-matched" })), "reason_some_rule");
  assert.equal(reasonKey(verdict({ reason: "rule-matched", title: "No tools" })), "reason_rule_matched");
});

test("an admin's own sentence is shown as it is", () => {
  assert.deepEqual(fixKey(verdict({ fix: "Call Bob." })), [OWN_WORDS, "Call Bob."]);
});

test("what is too old is named with the version that is needed, if that is known", () => {
  const old = { reason: "update-required", update: { name: "Chrome", version: "142" } };
  assert.deepEqual(fixKey(verdict(old)), ["fix_update_to", "Chrome", "142"]);
  assert.deepEqual(fixKey(verdict({ ...old, update: { name: "", version: "" } })), ["fix_update", ""]);
  assert.deepEqual(fixKey(verdict({ ...old, update: undefined })), ["fix_update", ""]);
});

test("the code of a fix that is not known is never shown", () => {
  assert.deepEqual(fixKey(verdict({ fix: "get-extension" })), ["fix_ask", ""]);
});

test("where the rule names no fix the reason does, and asking always helps", () => {
  assert.deepEqual(fixKey(verdict({ reason: "posture-stale" })), ["fix_report_again", ""]);
  assert.deepEqual(fixKey(verdict({ reason: "constructor" })), ["fix_ask", ""]);
  assert.deepEqual(fixKey(verdict({ fix: "remove-app" })), ["fix_ask", ""]);
});

for (const name of readdirSync(LOCALES)) {
  test(`${name} says everything that English says, with the same blanks`, () => {
    const there = messages(name);
    assert.deepEqual(Object.keys(there).sort(), Object.keys(ENGLISH).sort());
    for (const [key, { message }] of Object.entries(ENGLISH)) {
      const blanks = (/** @type {string} */ text) => (text.match(/\$\d/g) ?? []).sort();
      assert.deepEqual(blanks(there[key].message), blanks(message), key);
      assert.ok(there[key].message.trim(), key);
    }
    assert.equal(there.language.message, name.replace("_", "-"), "what its dates and a screen reader go by");
    assert.ok(there.description.message.length <= 132, "stores take no longer description");
  });
}

test("every message that a page names is there, and every reason and fix has its words", () => {
  const pages = ["popup/popup.html", "options/options.html"].map((path) => readFileSync(new URL(path, SOURCES), "utf8"));
  const named = pages.flatMap((page) => [...page.matchAll(/data-text="(\w+)"/g)].map(([, key]) => key));
  const source = readFileSync(new URL("core/texts.js", SOURCES), "utf8");
  const listed = (/** @type {string} */ group) => {
    const block = source.split(`const ${group}S = new Set([`)[1].split("]")[0];
    return [...block.matchAll(/"([a-z-]+)"/g)].map(([, code]) => `${group.toLowerCase()}_${code.replaceAll("-", "_")}`);
  };
  const wanted = [...named, ...listed("REASON"), ...listed("FIXE").map((key) => key.replace("fixe_", "fix_"))];
  assert.deepEqual(wanted.filter((key) => !Object.hasOwn(ENGLISH, key)), []);
  assert.ok(wanted.length > 30);
});

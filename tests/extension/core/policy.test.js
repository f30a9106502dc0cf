import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { mistakeIn } from "../../../extension/core/policy.js";

const GATE = "https://mail.example.com";
const SCHEMA = new URL("../../../extension/managed_schema.json", import.meta.url);

for (const good of [
  {},
  { gate: GATE },
  { gate: GATE, enrolmentToken: "mailgate-enrol-x", machine: "LAP-0042", owner: "alice", statusEvery: 60, listedExtensions: ["a"] },
  { gate: GATE, machine: "", owner: "" },
  { gate: GATE, ofANewerVersion: true },
  { statusEvery: 60, listedExtensions: [] },
]) {
  test(`there is no mistake in ${JSON.stringify(good)}`, () => assert.equal(mistakeIn(good), ""));
}

for (const [policy, told] of /** @type {[Record<string, unknown>, RegExp][]} */ ([
  [{ gate: "htps://mail.example.com" }, /^gate: “htps:\/\/mail.example.com” is no address like https:/],
  [{ gate: 7 }, /^gate: use one string$/],
  [{ gat: GATE }, /^gate is missing; there is gat$/],
  [{ enrolmentToken: "mailgate-enrol-x" }, /^gate is missing; there is enrolmentToken$/],
  [{ gate: GATE, machine: ["LAP-0042"] }, /^machine: use one string$/],
  [{ gate: GATE, machine: "x".repeat(256) }, /^machine, owner: use 1 to 255/],
  [{ gate: GATE, owner: "a\nb" }, /^machine, owner: use 1 to 255/],
  [{ gate: GATE, listedExtensions: "a" }, /^listedExtensions: use a list of texts$/],
  [{ gate: GATE, statusEvery: "60" }, /^statusEvery: use one integer$/],
])) {
  test(`the mistake in ${JSON.stringify(policy).slice(0, 60)} is named`, () => assert.match(mistakeIn(policy), told));
}

test("no token is ever repeated", () => {
  const token = "mailgate-enrol-secret";
  for (const policy of [{ enrolmentToken: token }, { gate: "x y", enrolmentToken: token }, { gate: GATE, enrolmentToken: [token] }]) {
    assert.doesNotMatch(mistakeIn(policy), /secret/);
  }
});

test("the schema for browsers that hold policies against one has the same settings", () => {
  const { properties } = JSON.parse(readFileSync(SCHEMA, "utf8"));
  for (const [name, { type }] of Object.entries(properties)) {
    const other = { gate: GATE, [name]: type === "string" ? 7 : "7" };
    assert.match(mistakeIn(other), new RegExp(`^${name}: use `));
  }
  assert.deepEqual(Object.keys(properties), ["gate", "enrolmentToken", "machine", "owner", "statusEvery", "listedExtensions"]);
});

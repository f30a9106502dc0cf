import assert from "node:assert/strict";
import { test } from "node:test";

import { cut, browserOf, osVersionOf, reportOf } from "../../../extension/core/report.js";

const READ = {
  os: "win",
  platform: "Windows",
  osVersion: "15.0.0",
  browser: { name: "Google Chrome", version: "156.0.1" },
  formFactors: ["Desktop"],
  touchPoints: 10,
  version: "0.1.0",
  installType: "admin",
  managed: true,
  installed: ["aaaa", "bbbb", "self"],
  listed: ["bbbb", "cccc"],
  machine: null,
};

test("a report has the members of the protocol and no others", () => {
  assert.deepEqual(reportOf(READ), {
    os: "windows",
    os_version: "15.0.0",
    platform: "Windows",
    browser: { name: "Google Chrome", version: "156.0.1" },
    form_factors: ["Desktop"],
    touch_points: 10,
    extension_version: "0.1.0",
    install_type: "admin",
    managed: true,
    listed_extensions: ["bbbb"],
    bearer: true,
  });
});

test("an extension that is not listed is never reported", () => {
  assert.deepEqual(reportOf({ ...READ, listed: [] }).listed_extensions, []);
});

for (const [os, said] of [["android", "android"], ["mac", "macos"], ["cros", "chromeos"], ["openbsd", "other"], ["constructor", "other"]]) {
  test(`${os} is reported as ${said}`, () => assert.equal(reportOf({ ...READ, os }).os, said));
}

test("no text that is cut, or came broken, has half of a character, for which the gate would refuse each report", () => {
  assert.equal(cut(`${"x".repeat(63)}😀😀`), `${"x".repeat(63)}😀`);
  assert.equal(cut("Room \ud83d3\u0085"), "Room 3");
});

test("odd readings are cut to what the gate takes", () => {
  const odd = reportOf({ ...READ, osVersion: `1\n${"x".repeat(100)}`, touchPoints: NaN, installType: "magic" });
  assert.equal(odd.os_version.length, 64);
  assert.equal(odd.touch_points, 0);
  assert.equal(odd.install_type, "other");
  assert.equal(reportOf({ ...READ, touchPoints: 999 }).touch_points, 256);
});

test("the browser is the brand that people know, neither an engine nor a made-up one", () => {
  const brands = [
    { brand: "Not=A?Brand", version: "24" },
    { brand: "Chromium", version: "156.0.1" },
    { brand: "Microsoft Edge", version: "156.0.2" },
  ];
  assert.deepEqual(browserOf(brands), { name: "Microsoft Edge", version: "156.0.2" });
  assert.deepEqual(browserOf(brands.slice(0, 2)), { name: "Chromium", version: "156.0.1" });
  assert.deepEqual(browserOf([]), { name: "", version: "" });
});

test("what is known of the machine goes along, and nothing stands for what is not", () => {
  const machine = { disk_encrypted: null, screen_lock: false, firewall: true, serial: "", asset_id: "", location: "", hostname: "" };
  assert.deepEqual(reportOf({ ...READ, machine }).machine, machine);
  assert.equal("machine" in reportOf(READ), false);
});

const FIREFOX = "rv:153.0) Gecko/20100101 Firefox/153.0";
for (const [os, told, agent, version] of [
  ["win", "15.0.0", "", "11"],
  ["win", "13.0.0", "", "11"],
  ["win", "10.0.0", "", "10"],
  ["win", "1.0.0", "", "10"],
  ["win", "0.3.0", "", "8.1"],
  ["win", "0.1.0", "", "7"],
  ["win", "0.9.0", "", ""],
  ["win", "", "", ""],
  ["mac", "26.1.0", "", "26.1.0"],
  ["linux", "6.12.48", "", "6.12.48"],
  ["cros", "16433.41.0", "", "16433.41.0"],
  // what user agents say on whatever runs is no version of this system
  ["mac", undefined, `Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; ${FIREFOX}`, ""],
  ["win", undefined, `Mozilla/5.0 (Windows NT 10.0; Win64; x64; ${FIREFOX}`, ""],
  ["linux", undefined, `Mozilla/5.0 (X11; Linux x86_64; ${FIREFOX}`, ""],
  ["android", undefined, `Mozilla/5.0 (Android 15; Mobile; ${FIREFOX}`, "15"],
  ["android", undefined, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36", ""],
]) {
  test(`the version of ${os} is ${version || "empty"} by ${told ?? agent}`, () =>
    assert.equal(osVersionOf(/** @type {string} */ (os), told, agent), version));
}

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const EXTENSION = fileURLToPath(new URL("../../../extension/", import.meta.url));
const skip = existsSync(join(EXTENSION, "node_modules/web-ext")) ? false : "make test-setup installs what packs, where there is npm";
const out = mkdtempSync(join(tmpdir(), "mailgate-"));

after(() => rmSync(out, { recursive: true }));

/** The names in a zip, from its central directory (APPNOTE 4.3.12). @param {string} path */
function namesIn(path) {
  const bytes = readFileSync(path);
  const names = [];
  for (let at = bytes.indexOf("PK\x01\x02"); at >= 0; at = bytes.indexOf("PK\x01\x02", at + 46)) {
    names.push(bytes.toString("utf8", at + 46, at + 46 + bytes.readUInt16LE(at + 28)));
  }
  return names.filter((name) => !name.endsWith("/"));
}

test("there is a package for each browser, with what it runs and nothing that only we need", { skip }, () => {
  execFileSync("npm", ["--prefix", EXTENSION, "run", "--silent", "package", "--", "--out", out], { stdio: "ignore" });
  const packages = readdirSync(out).sort();
  assert.deepEqual(packages.map((name) => name.replace(/[\d.]+zip$/, "")), ["mailgate-chromium-", "mailgate-firefox-"]);
  for (const name of packages) {
    const names = namesIn(join(out, name));
    for (const wanted of ["manifest.json", "managed_schema.json", "background/main.js", "_locales/pt_BR/messages.json"]) {
      assert.ok(names.includes(wanted), `${name}: ${wanted}`);
    }
    const strange = names.filter((each) => !/^(manifest|managed_schema)\.json$|^(_locales|background|core|icons|look|options|popup|shim)\//.test(each));
    assert.deepEqual(strange, [], name);
  }
});

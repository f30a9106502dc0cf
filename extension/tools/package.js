/**
 * Makes the packages for the stores: `npm run package`. For a company's own package, which requests the permission
 * for the company mail at its installation: `npm run package -- --origin https://mail.example.com`, and
 * `--management` if listed extensions are to be reported, `--helper` if a helper on the computer is to be asked, and
 * `--chromeos` for the names of Chromebooks. `--unpacked` leaves directories instead of packages.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import webExt from "web-ext";

import { gateOrigin } from "../core/address.js";
import { stage } from "./stage.js";

const { values } = parseArgs({
  options: {
    origin: { type: "string" },
    management: { type: "boolean", default: false },
    helper: { type: "boolean", default: false },
    chromeos: { type: "boolean", default: false },
    unpacked: { type: "boolean", default: false },
    out: { type: "string", default: fileURLToPath(new URL("../dist", import.meta.url)) },
  },
});
const origin = values.origin ? gateOrigin(values.origin) : "";
if (origin === null) {
  console.error(`--origin ${values.origin}: expected an address like https://mail.example.com`);
  process.exit(2);
}

for (const browser of /** @type {const} */ (["chromium", "firefox"])) {
  const { management, helper, chromeos } = values;
  const fit = { browser, origin, management, helper, chromeos };
  if (values.unpacked) {
    await stage(join(values.out, browser), fit);
    continue;
  }
  const directory = await mkdtemp(join(tmpdir(), "mailgate-"));
  await stage(directory, fit);
  const filename = `mailgate-${browser}-{version}.zip`;
  await webExt.cmd.build({ sourceDir: directory, artifactsDir: values.out, filename, overwriteDest: true }, {});
  await rm(directory, { recursive: true });
}

/** Mozilla's linter over the packages for Firefox as they are given away, to a store and by a company; a warning fails too. */

import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import webExt from "web-ext";

const PYTHON = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const COMPANY = ["--origin", "https://mail.example.com", "--company", "Example", "--management"];

const directory = await mkdtemp(join(tmpdir(), "mailgate-"));
try {
  for (const options of [[], COMPANY]) {
    const out = join(directory, String(options.length));
    execFileSync(PYTHON, ["-m", "mailgate", "extension", "package", "--out", out, ...options]);
    const found = await webExt.cmd.lint(
      {
        sourceDir: join(out, "mailgate.xpi"),
        artifactsDir: directory,
        selfHosted: options.length > 0,
        warningsAsErrors: true,
        output: "text",
      },
      { shouldExitProgram: false },
    );
    if (found.summary.errors + found.summary.warnings > 0) process.exitCode = 1;
  }
} finally {
  await rm(directory, { recursive: true });
}

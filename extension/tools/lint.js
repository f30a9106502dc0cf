/** Mozilla's linter over the package for Firefox; a warning fails too. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import webExt from "web-ext";

import { stage } from "./stage.js";

const directory = await mkdtemp(join(tmpdir(), "mailgate-"));
await stage(directory, { browser: "firefox" });
try {
  const found = await webExt.cmd.lint(
    { sourceDir: directory, artifactsDir: directory, warningsAsErrors: true, output: "text" },
    { shouldExitProgram: false },
  );
  process.exitCode = found.summary.errors + found.summary.warnings > 0 ? 1 : 0;
} finally {
  await rm(directory, { recursive: true });
}

/** Run from the folder above, so that the tests beside the extension are checked too. */

import js from "@eslint/js";
import globals from "globals";

const EXT = "Only shim/ext.js names the browser's interface; import it from there.";

export default [
  { ignores: ["**/node_modules/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      "no-restricted-globals": ["error", { name: "chrome", message: EXT }, { name: "browser", message: EXT }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": ["error", { property: "innerHTML", message: "Texts may be hostile: use textContent." }],
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "max-lines": ["error", 250],
      complexity: ["error", 12],
    },
  },
  { files: ["extension/core/**"], languageOptions: { globals: globals["shared-node-browser"] } },
  { files: ["extension/background/**"], languageOptions: { globals: { ...globals.serviceworker } } },
  { files: ["extension/popup/**", "extension/options/**", "extension/look/**"], languageOptions: { globals: globals.browser } },
  {
    files: ["extension/shim/**"],
    languageOptions: { globals: globals.webextensions },
    rules: { "no-restricted-globals": "off" },
  },
  { files: ["extension/tools/**", "tests/extension/**"], languageOptions: { globals: globals.node } },
];

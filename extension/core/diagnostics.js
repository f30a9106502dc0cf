/** Information for the help desk, as text to copy. It has no token, no key and no name of a person. */

/** @typedef {import("./state.js").Memory} Memory */

/**
 * @param {Memory} memory
 * @param {{version: string, browser: string, system: string, tokenUntil: number, now: number}} about
 * @returns {string} lines of `name: value`
 */
export function diagnosticsOf(memory, { version, browser, system, tokenUntil, now }) {
  const { trouble, status } = memory;
  return [
    ["time", moment(now)],
    ["extension", version],
    ["browser", browser],
    ["system", system],
    ["gate", memory.gate],
    ["set up by", memory.managed ? "company" : "person"],
    ["mistake in the policy", memory.wrong],
    ["computer", memory.machine],
    ["state", memory.phase],
    ["device", memory.deviceId],
    ["key", memory.thumbprint],
    ["proved until", moment(tokenUntil)],
    ["next report", moment(memory.reportAt)],
    ["next try", moment(memory.retryAt)],
    ["failures in a row", String(memory.failures)],
    ["clock off by seconds", String(memory.skew)],
    ["last trouble", trouble ? `${trouble.reason} (HTTP ${trouble.status}) at ${moment(trouble.at)}` : ""],
    ["reference of it", trouble?.reference ?? ""],
    ["verdict", status ? `${status.verdict.effect}, ${status.verdict.reason}` : ""],
    ["seen as", status ? `${status.client.kind}, ${status.client.assurance}` : ""],
    ["verdict of", moment(memory.statusAt)],
    ["reference", status?.reference ?? ""],
  ]
    .map(([name, value]) => `${name}: ${value || "-"}`)
    .join("\n");
}

/** @param {number} at milliseconds since 1970; 0 is never */
function moment(at) {
  return at ? new Date(at).toISOString() : "";
}

/** The answer of `/.mailgate/status`, read with care: an older or newer gate may say less or more. */

/** @typedef {"allow" | "warn" | "challenge" | "block"} Effect */

/**
 * @typedef {object} Verdict
 * @property {Effect} effect
 * @property {string} reason
 * @property {string} title of the rule
 * @property {string[]} apps names
 * @property {{name: string, version: string}} update what has to be updated, and to which version; empty if that is not known
 * @property {string} fix
 * @property {string} contact
 * @property {string} deadline ISO 8601, or empty
 */

/**
 * @typedef {object} Device
 * @property {string} id
 * @property {string} tail the end of an id, which tells two devices of a kind apart
 * @property {boolean} here this browser
 * @property {string} state
 * @property {boolean} lost
 * @property {string} kind
 * @property {string} os
 * @property {string} osVersion
 * @property {string[]} apps
 * @property {string} reportedAt
 * @property {Verdict | null} verdict null if the gate does not say
 */

/**
 * @typedef {object} Status
 * @property {Verdict} verdict on this browser
 * @property {{kind: string, assurance: string, findings: string[], refused: string}} client `refused`: why the token was not taken
 * @property {Device[]} devices
 * @property {string} reference
 */

const EFFECTS = new Set(["allow", "warn", "challenge", "block"]);

/**
 * @param {any} said
 * @returns {Status | null} null if it is no status
 */
export function readStatus(said) {
  const verdict = readVerdict(said?.verdict);
  if (!verdict) return null;
  const client = said.client ?? {};
  const devices = Array.isArray(said.devices) ? said.devices : [];
  return {
    verdict,
    client: { kind: text(client.kind), assurance: text(client.assurance), findings: texts(client.findings), refused: text(client.proof?.refused) },
    devices: devices.map(readDevice),
    reference: text(said.reference),
  };
}

/**
 * @param {any} said
 * @returns {Verdict | null}
 */
function readVerdict(said) {
  if (!EFFECTS.has(said?.effect)) return null;
  return {
    effect: said.effect,
    reason: text(said.reason),
    title: text(said.title),
    apps: texts(said.apps),
    update: { name: text(said.update?.name), version: text(said.update?.version) },
    fix: text(said.fix),
    contact: text(said.contact),
    deadline: Number.isNaN(Date.parse(said.deadline)) ? "" : said.deadline,
  };
}

/**
 * @param {any} said
 * @param {number} at its place in the list
 * @returns {Device}
 */
function readDevice(said, at) {
  return {
    id: text(said?.id) || `device-${at}`,
    tail: text(said?.tail),
    ...conditionOf(said),
    kind: text(said?.kind),
    os: text(said?.os),
    osVersion: text(said?.os_version),
    apps: texts(said?.apps),
    reportedAt: text(said?.reported_at),
    verdict: readVerdict(said?.verdict),
  };
}

/** @param {any} said */
function conditionOf(said) {
  return { here: said?.here === true, state: text(said?.state), lost: said?.lost === true };
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value.slice(0, 500) : "";
}

/** @param {unknown} value */
function texts(value) {
  return Array.isArray(value) ? value.slice(0, 50).map(text).filter(Boolean) : [];
}

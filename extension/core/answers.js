/** The gate's answers to an enrolment and to a report, read with care: another server may be at that address. */

/** Seconds. No gate asks for reports more often than this, or gives tokens for longer. */
const SOONEST_REPORT = 60;
const LONGEST_LIFE = 3600;
const REPORT_EVERY = 480;

/**
 * @param {any} said
 * @returns {{deviceId: string, thumbprint: string} | null} null if it is no such answer
 */
export function readEnrolled(said) {
  const [deviceId, thumbprint] = [text(said?.device_id), text(said?.key_thumbprint)];
  return deviceId && thumbprint ? { deviceId, thumbprint } : null;
}

/**
 * @typedef {object} Attested
 * @property {string} token
 * @property {number} life seconds
 * @property {number} serverTime seconds since 1970
 * @property {number} reportEvery seconds
 * @property {string} company its name, or empty
 * @property {string[]} listed ids of browser extensions that the gate asks about
 */

/**
 * @param {any} said
 * @returns {Attested | null} null if it is no such answer
 */
export function readAttested(said) {
  const token = typeof said?.device_attestation === "string" ? said.device_attestation : "";
  const [ends, serverTime, every] = [said?.expires_at, said?.server_time, said?.report_every].map(Number);
  const life = ends - serverTime;
  // only characters that may be in a header (RFC 7515: base64url and dots)
  if (!/^[\w.-]+$/.test(token) || !(life > 0 && life <= LONGEST_LIFE)) return null;
  const listed = Array.isArray(said.listed_extensions) ? said.listed_extensions : [];
  return {
    token,
    life,
    serverTime,
    reportEvery: every >= SOONEST_REPORT && every <= LONGEST_LIFE ? every : REPORT_EVERY,
    company: text(said.company),
    listed: listed.filter((/** @type {unknown} */ id) => typeof id === "string"),
  };
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value.slice(0, 200) : "";
}

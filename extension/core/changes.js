/** The changes that deserve a notification: how a verdict differs from the one that people were told last. */

/** @typedef {import("./status.js").Status} Status */
/** @typedef {import("./status.js").Verdict} Verdict */

/**
 * @typedef {object} Known
 * @property {import("./status.js").Effect} effect
 * @property {string} deadline
 * @property {string} cause the device's part of the verdict: while it stays, only a rule can have changed
 */

/** @typedef {Record<string, Known>} Told */

/**
 * @typedef {object} Change
 * @property {string} id `here`, or that of a device
 * @property {"warned" | "blocked" | "fixed" | "retracted"} kind
 */

const RANK = { allow: 0, warn: 1, challenge: 2, block: 3 };

/** This browser. */
export const HERE = "here";

/**
 * @param {Status} status
 * @returns {Told}
 */
export function remember(status) {
  const { verdict, client, devices } = status;
  const own = devices.find((device) => device.here);
  const cause = [client.kind, client.assurance, ...client.findings, own?.state ?? "", ...(own?.apps ?? [])];
  /** @type {Told} */
  const told = { [HERE]: known(verdict, cause) };
  for (const device of devices) {
    if (device.here || !device.verdict) continue;
    told[device.id] = known(device.verdict, [device.state, String(device.lost), ...device.apps]);
  }
  return told;
}

/**
 * @param {Verdict} verdict
 * @param {string[]} cause
 * @returns {Known}
 */
function known({ effect, deadline }, cause) {
  return { effect, deadline, cause: cause.join(" ") };
}

/**
 * @param {Told} before
 * @param {Told} now
 * @returns {Change[]}
 */
export function changes(before, now) {
  const found = [];
  for (const [id, current] of Object.entries(now)) {
    const kind = changeOf(Object.hasOwn(before, id) ? before[id] : null, current);
    if (kind) found.push({ id, kind });
  }
  return found;
}

/**
 * @param {Known | null} before
 * @param {Known} now
 * @returns {Change["kind"] | null}
 */
function changeOf(before, now) {
  const was = before ? RANK[before.effect] : 0;
  const is = RANK[now.effect];
  if (is > was) return is >= RANK.challenge ? "blocked" : "warned";
  if (before && is < was && is === RANK.allow) return before.cause === now.cause ? "retracted" : "fixed";
  const news = before && (is < was || before.deadline !== now.deadline);
  return news && now.effect === "warn" ? "warned" : null;
}

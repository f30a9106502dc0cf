/** Computes when the next task is due. Chance is given as a number from 0 to 1, so that not all browsers come at once. */

const FIRST_WAIT = 5;
const LONGEST_WAIT = 60;
const LONGEST_ALARM = 600;

/** Seconds: the longest pause, even if more is asked for. */
const LONGEST_PAUSE = 3600;

/** Seconds: the shortest alarm of browsers. */
export const SHORTEST_ALARM = 30;

/** Milliseconds between two unplanned reports: the gate accepts 20 reports of a key in ten minutes. */
export const TOKEN_SETTLES = 30_000;

export const STATUS_EVERY = 45;

/**
 * Seconds until the next try. Doubles with every failure up to a minute; half of it is chance.
 *
 * @param {number} failures how many there were in a row, this one included
 * @param {number} chance
 * @param {number} [retryAfter] seconds that the gate asked for
 */
export function backoff(failures, chance, retryAfter = 0) {
  const wait = Math.min(FIRST_WAIT * 2 ** Math.max(failures - 1, 0), LONGEST_WAIT);
  return Math.max(wait * (0.5 + 0.5 * chance), retryAfter);
}

/**
 * Seconds that a `Retry-After` header asks for, an hour at most (RFC 9110, section 10.2.3: seconds or a date).
 *
 * @param {string | null} header
 * @param {number} now milliseconds since 1970
 */
export function retryAfter(header, now) {
  const said = header ?? "";
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - now) / 1000;
  return Math.min(Math.max(seconds || 0, 0), LONGEST_PAUSE);
}

/**
 * Seconds until the next report: a little sooner than asked for, never later.
 *
 * @param {number} every as the gate asked
 * @param {number} chance
 */
export function reportIn(every, chance) {
  return every * (0.8 + 0.2 * chance);
}

/**
 * Seconds between two looks at the verdict, from what an admin set.
 *
 * @param {unknown} set
 */
export function statusEvery(set) {
  return typeof set === "number" && set >= SHORTEST_ALARM && set <= 3600 ? set : STATUS_EVERY;
}

/**
 * Seconds until the alarm: until the first task is due, but at least the shortest alarm of browsers.
 *
 * @param {number[]} dueAt milliseconds since 1970; 0 is not due at all
 * @param {number} now milliseconds since 1970
 */
export function alarmIn(dueAt, now) {
  const waits = dueAt.filter((at) => at > 0).map((at) => (at - now) / 1000);
  return Math.max(Math.min(...waits, LONGEST_ALARM), SHORTEST_ALARM);
}

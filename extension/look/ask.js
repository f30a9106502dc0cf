/** A question to the worker, which the browser wakes for it. */

import { runtime } from "../shim/ext.js";

const TRIES = 20;
const BETWEEN = 250;

/**
 * Asks again while the worker is being started or installed, since until then it does not listen.
 *
 * @param {{type: string, [more: string]: unknown}} message
 * @returns {Promise<any>}
 */
export async function ask(message) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await runtime.sendMessage(message);
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN));
    }
  }
}

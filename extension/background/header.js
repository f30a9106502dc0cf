/**
 * The rule that puts the token on requests to the mail origin, and to no other. The browser keeps it for this session
 * only and drops it at every update, so it is set anew whenever the worker starts.
 */

import { addressesOf } from "../core/address.js";
import { declarativeNetRequest } from "../shim/ext.js";

const HEADER = "Device-Attestation";

/**
 * @param {string} gate
 * @param {string} token
 */
export async function setHeader(gate, token) {
  await replaceRules(addressesOf(gate).map((begins, at) => ruleFor(at + 1, begins, token)));
}

export async function dropHeader() {
  await replaceRules([]);
}

/** @param {chrome.declarativeNetRequest.Rule[]} addRules */
async function replaceRules(addRules) {
  const there = await declarativeNetRequest.getSessionRules();
  await declarativeNetRequest.updateSessionRules({ removeRuleIds: there.map(({ id }) => id), addRules });
}

/**
 * @param {number} id
 * @param {string} begins how the address begins
 * @param {string} token
 * @returns {chrome.declarativeNetRequest.Rule}
 */
function ruleFor(id, begins, token) {
  return /** @type {chrome.declarativeNetRequest.Rule} */ ({
    id,
    action: { type: "modifyHeaders", requestHeaders: [{ header: HEADER, operation: "set", value: token }] },
    condition: {
      urlFilter: `|${begins}`,
      // if left out, it would be every type except page loads
      resourceTypes: Object.values(declarativeNetRequest.ResourceType),
    },
  });
}

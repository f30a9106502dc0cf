/** The list of a person's devices in the popup. */

import { byId, deadlineText, say } from "../look/words.js";

/** @typedef {import("../core/view.js").View["devices"][number]} DeviceLine */

/**
 * Changes only what differs, so that a person who is reading or has marked text to copy is not disturbed.
 *
 * @param {DeviceLine[]} devices
 * @param {number} now milliseconds since 1970
 */
export function showDevices(devices, now) {
  byId("mine").hidden = devices.length === 0;
  const list = byId("devices");
  const items = devices.map((device) => item(device, now));
  for (const [at, entry] of items.entries()) {
    const there = list.children[at];
    if (!there) list.append(entry);
    else if (!there.isEqualNode(entry)) there.replaceWith(entry);
  }
  while (list.children.length > items.length) list.lastElementChild?.remove();
}

/**
 * @param {DeviceLine} device
 * @param {number} now
 */
function item(device, now) {
  const entry = document.createElement("li");
  entry.dataset.tone = device.tone;
  const name = device.system ? `${say([device.kind])} (${device.system})` : say([device.kind]);
  entry.append(line(device.tail ? `${name} · …${device.tail}` : name), line(say(device.state), "state"));
  for (const text of [device.reason && say(device.reason), device.fix && say(device.fix), deadlineText(device.deadline, now)]) {
    if (text) entry.append(line(text));
  }
  return entry;
}

/**
 * @param {string} text
 * @param {string} [look]
 */
function line(text, look = "") {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  paragraph.className = look;
  return paragraph;
}

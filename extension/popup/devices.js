/** The list of a person's other devices in the popup. */

import { byId, deadlineText, putBadge, say } from "../look/words.js";

/** @typedef {import("../core/view.js").DeviceLine} DeviceLine */

/**
 * Changes only what differs, so that a person who is reading or has marked text to copy is not disturbed.
 *
 * @param {DeviceLine[]} devices
 * @param {number} now milliseconds since 1970
 * @param {DeviceLine | null} above the one of which the headline says what to do already
 */
export function showDevices(devices, now, above) {
  const list = byId("devices");
  list.setAttribute("aria-label", say(["my_devices"]));
  const items = devices.map((device) => item(device, now, device === above));
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
 * @param {boolean} above
 */
function item(device, now, above) {
  const entry = document.createElement("li");
  const name = device.system ? `${say([device.kind])} (${device.system})` : say([device.kind]);
  const line = made("div", "", "line");
  const badge = made("span", "");
  putBadge(badge, device.tone, say(device.badge));
  line.append(made("span", device.tail ? `${name} · …${device.tail}` : name), badge);
  entry.append(line);
  if (above) return entry;
  for (const text of [device.reason && say(device.reason), device.fix && say(device.fix), deadlineText(device.deadline, now)]) {
    if (text) entry.append(made("p", text));
  }
  return entry;
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [look]
 */
function made(tag, text, look = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = look;
  return element;
}

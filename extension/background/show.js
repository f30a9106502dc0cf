/** What people see without opening anything: the badge, which is about this browser like the headline, and one notification for each change. */

import { mePage } from "../core/address.js";
import { HERE, changes } from "../core/changes.js";
import { viewOf } from "../core/view.js";
import { action, i18n, notifications, runtime, tabs } from "../shim/ext.js";
import { readMemory } from "./memory.js";

/** @typedef {import("../core/state.js").Memory} Memory */

/** White on each of them has a contrast of at least 4.5 to 1. */
const BADGES = {
  ok: { text: "", color: "#1b6e3c" },
  warned: { text: "!", color: "#8a5300" },
  blocked: { text: "×", color: "#a8201a" },
  waiting: { text: "?", color: "#4a5568" },
};

/**
 * @param {Memory} before
 * @param {Memory} memory
 */
export async function show(before, memory) {
  const view = viewOf(memory);
  const { text, color } = BADGES[view.tone];
  const [key, ...values] = view.headline;
  await Promise.all([
    action.setBadgeText({ text }),
    action.setBadgeBackgroundColor({ color }),
    action.setBadgeTextColor({ color: "#ffffff" }),
    action.setTitle({ title: `${i18n.getMessage("name")}: ${i18n.getMessage(key, values)}` }),
  ]);
  const news = changes(before.told, memory.told).map(({ id, kind }) => `${kind}_${id === HERE ? "here" : "device"}`);
  // a rule that affects several devices of a person is one notification
  await Promise.all([...new Set(news)].map(notify));
}

/** @param {string} what names its texts */
async function notify(what) {
  await notifications.clear(what);
  await notifications.create(what, {
    type: "basic",
    iconUrl: runtime.getURL("icons/128.png"),
    title: i18n.getMessage(`notice_${what.split("_")[0]}`),
    message: i18n.getMessage(`notice_${what}`),
  });
}

/**
 * A notification opens the page with all details.
 *
 * @param {string} id
 */
export async function openNotice(id) {
  await notifications.clear(id);
  const { gate } = await readMemory();
  if (gate) await tabs.create({ url: mePage(gate) });
}

/** The worker. Listeners are there before anything is awaited, so that the browser can wake it for each of them. */

import { alarms, notifications, permissions, runtime, storage, tabs, windows } from "../shim/ext.js";
import { onMessage } from "./handlers.js";
import { readMemory } from "./memory.js";
import { openNotice } from "./show.js";
import { ALARM, turn } from "./turn.js";

const wake = () => void turn();
const retry = () => void turn({ retry: true });

runtime.onMessage.addListener(onMessage);
runtime.onInstalled.addListener(wake);
runtime.onStartup.addListener(retry);
permissions.onAdded.addListener(wake);
permissions.onRemoved.addListener(wake);
alarms.onAlarm.addListener(({ name }) => {
  if (name === ALARM) wake();
});
storage.onChanged.addListener((_changes, area) => {
  if (area === "managed") retry();
});
// after a clock was set back, Chromium holds the alarm until that time has come again: a person who returns to the browser wakes the worker
windows?.onFocusChanged.addListener(wake);
// the browser tells the address only of tabs at the mail, which this extension may speak to
tabs.onUpdated.addListener((_id, { status, url }, tab) => void opened(url ?? (status === "loading" ? (tab.pendingUrl ?? tab.url) : "")));
notifications.onClicked.addListener((id) => void openNotice(id));

wake();

/**
 * Somebody opens the mail, and may be shown a page that waits for this extension.
 *
 * @param {string | undefined} url empty for what is not at the mail
 */
async function opened(url) {
  const { gate } = url ? await readMemory() : { gate: "" };
  if (gate && url?.startsWith(`${gate}/`)) await turn({ awaited: true });
}

/** The worker. Listeners are there before anything is awaited, so that the browser can wake it for each of them. */

import { alarms, notifications, permissions, runtime, storage, windows } from "../shim/ext.js";
import { onMessage } from "./handlers.js";
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
notifications.onClicked.addListener((id) => void openNotice(id));

wake();

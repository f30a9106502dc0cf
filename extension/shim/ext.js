/**
 * The one file that names the browser's own interface: Firefox calls it `browser`, Chromium `chrome`. Both answer
 * with promises in Manifest V3.
 */

/** @type {typeof chrome} */
const api = /** @type {any} */ (globalThis).browser ?? globalThis.chrome;

export const {
  action,
  alarms,
  declarativeNetRequest,
  enterprise,
  i18n,
  management,
  notifications,
  permissions,
  runtime,
  storage,
  tabs,
  windows,
} = {
  action: api.action,
  alarms: api.alarms,
  declarativeNetRequest: api.declarativeNetRequest,
  // ChromeOS alone has it
  enterprise: /** @type {any} */ (api).enterprise,
  i18n: api.i18n,
  // available only once the person or the company has allowed it, except `getSelf`
  management: api.management,
  notifications: api.notifications,
  permissions: api.permissions,
  runtime: api.runtime,
  storage: api.storage,
  tabs: api.tabs,
  windows: api.windows, // Firefox for Android has none
};

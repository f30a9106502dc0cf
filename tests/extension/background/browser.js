/** A stand-in for the browser around the worker: what it keeps, what it was told to show, and the gate that answers. */

const ID = "companion";
const kept = () => ({ local: /** @type {any} */ ({}), session: /** @type {any} */ ({}), managed: /** @type {any} */ ({}) });

/** What a test may set and look at. */
export const browser = {
  ...kept(),
  rules: /** @type {any[]} */ ([]),
  alarms: /** @type {Record<string, any>} */ ({}),
  notices: /** @type {string[]} */ ([]),
  badge: "",
  granted: true,
  /** whether its data is spared when the disk is full */
  persistent: false,
  /** the data of which Firefox says that it may leave; null in a browser that does not ask. @type {string[] | null} */
  dataAllowed: null,
  /** what IndexedDB has; null where it is broken */
  keys: /** @type {Map<string, any> | null} */ (new Map()),
  asked: /** @type {{url: string, how: any}[]} */ ([]),
  /** what the gate says to a path. @type {(path: string, how: any) => Response} */
  gate: () => new Response("", { status: 500 }),
};

const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const storage = { persist: async () => (browser.persistent = true) };
const navigator = { userAgent: AGENT, platform: "Linux x86_64", storage };
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });

/** A browser that was just installed. */
export function reset() {
  const fresh = { rules: [], alarms: {}, notices: [], badge: "", granted: true, persistent: false, dataAllowed: null, keys: new Map(), asked: [] };
  Object.assign(browser, kept(), fresh);
}

/** @param {"local" | "session" | "managed"} area */
const area = (area) => ({
  get: async (/** @type {string | null} */ name) => (name ? { [name]: browser[area][name] } : browser[area]),
  set: async (/** @type {object} */ values) => void Object.assign(browser[area], structuredClone(values)),
  remove: async (/** @type {string} */ name) => void delete browser[area][name],
});

/** @type {any} */ (globalThis).chrome = {
  action: {
    setBadgeText: async (/** @type {{text: string}} */ { text }) => void (browser.badge = text),
    setBadgeBackgroundColor: async () => {},
    setBadgeTextColor: async () => {},
    setTitle: async () => {},
  },
  alarms: { create: async (/** @type {string} */ name, /** @type {object} */ how) => void (browser.alarms[name] = how) },
  declarativeNetRequest: {
    ResourceType: { MAIN_FRAME: "main_frame", IMAGE: "image" },
    getSessionRules: async () => browser.rules,
    updateSessionRules: async (/** @type {{addRules: any[]}} */ { addRules }) => void (browser.rules = addRules),
  },
  i18n: { getMessage: (/** @type {string} */ key) => key },
  management: { getSelf: async () => ({ installType: "normal" }) },
  notifications: {
    clear: async () => {},
    create: async (/** @type {string} */ what) => void browser.notices.push(what),
  },
  permissions: {
    contains: async () => browser.granted,
    getAll: async () => (browser.dataAllowed === null ? {} : { data_collection: browser.dataAllowed }),
  },
  runtime: {
    id: ID,
    getURL: (/** @type {string} */ path) => `chrome-extension://${ID}/${path}`,
    getManifest: () => ({ version: "1" }),
    getPlatformInfo: async () => ({ os: "linux" }),
    getBrowserInfo: async () => ({ name: "Firefox", version: "153" }),
  },
  storage: { local: area("local"), session: area("session"), managed: area("managed") },
};

/** @template T @param {() => T} work */
function request(work) {
  const request = /** @type {any} */ ({});
  queueMicrotask(() => {
    try {
      request.result = work();
      request.onsuccess?.();
    } catch (error) {
      request.error = error;
      request.onerror();
    }
  });
  return request;
}

/** @returns {Map<string, any>} */
function store() {
  if (browser.keys === null) throw new DOMException("broken", "UnknownError");
  return browser.keys;
}

const objectStore = () => ({
  get: (/** @type {string} */ name) => request(() => store().get(name)),
  put: (/** @type {any} */ value, /** @type {string} */ name) => request(() => store().set(name, value)),
  delete: (/** @type {string} */ name) => request(() => store().delete(name)),
  clear: () => request(() => store().clear()),
});

/** @type {any} */ (globalThis).indexedDB = {
  open: () => request(() => store() && { transaction: () => ({ objectStore }), close: () => {} }),
};

globalThis.fetch = async (url, how) => {
  browser.asked.push({ url: String(url), how });
  return browser.gate(new URL(String(url)).pathname, how);
};

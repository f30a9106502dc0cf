/** The device's key, in IndexedDB: the private half can be used but never read, not even by this code. */

const DATABASE = "mailgate";
const STORE = "keys";
const CURRENT = "current";

/** The name of a key that may take the place of the current one. */
export const NEXT = "next";

/**
 * @typedef {object} DeviceKey
 * @property {JsonWebKey} publicJwk
 * @property {(bytes: Uint8Array) => Promise<ArrayBuffer>} sign
 */

/**
 * @param {string} [name]
 * @returns {Promise<DeviceKey | null>} null if there is none or it cannot be used, also if the database is broken
 */
export async function readKey(name = CURRENT) {
  const pair = await ask("readonly", (store) => store.get(name)).catch(() => null);
  return pair?.privateKey instanceof CryptoKey ? usable(pair) : null;
}

/**
 * Makes a new key, which replaces the one before.
 *
 * @param {string} [name]
 * @returns {Promise<DeviceKey | null>} null if it cannot be kept
 */
export async function makeKey(name = CURRENT) {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const kept = ask("readwrite", (store) => store.put(pair, name));
  keepFromEviction();
  return kept.then(() => usable(pair)).catch(() => null);
}

/**
 * Browsers delete data where a disk is full. Chromium spares an extension with the permission `unlimitedStorage`, and its
 * workers cannot ask; Firefox spares one that asks, and with that permission it grants it without a question.
 */
function keepFromEviction() {
  navigator.storage?.persist?.().catch(() => {});
}

/** Replaces the current key by the one that was made beside it. */
export async function promoteKey() {
  const pair = await ask("readonly", (store) => store.get(NEXT));
  await ask("readwrite", (store) => {
    store.put(pair, CURRENT);
    return store.delete(NEXT);
  });
}

/** @param {string} name */
export async function dropKey(name) {
  await ask("readwrite", (store) => store.delete(name));
}

export async function dropKeys() {
  await ask("readwrite", (store) => store.clear());
}

/**
 * @param {CryptoKeyPair} pair
 * @returns {Promise<DeviceKey>}
 */
async function usable({ publicKey, privateKey }) {
  return {
    publicJwk: await crypto.subtle.exportKey("jwk", publicKey),
    sign: (bytes) => crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, /** @type {BufferSource} */ (bytes)),
  };
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} question
 * @returns {Promise<any>}
 */
async function ask(mode, question) {
  const database = await open();
  try {
    return await settled(question(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

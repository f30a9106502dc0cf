/** The three addresses of the gate that a device uses. The extension requests nothing else. */

import { dpopProof } from "../core/dpop.js";
import { retryAfter } from "../core/schedule.js";

const TIMEOUT = 15_000;

/** @typedef {import("./keys.js").DeviceKey} DeviceKey */

/**
 * @typedef {{kind: "answer", status: number, body: any, etag: string, nonce: string}} Answer
 * @typedef {{kind: "refused", status: number, reason: string, reference: string, serverTime: number,
 *   retryAfter: number, nonce: string}} Refused
 * @typedef {{kind: "unreachable", nonce: string}} Unreachable
 */

/** Another server is at that address. @type {Refused} */
export const NO_GATE = { kind: "refused", status: 200, reason: "no-gate", reference: "", serverTime: 0, retryAfter: 0, nonce: "" };

/**
 * @typedef {object} Proof
 * @property {DeviceKey} key
 * @property {string} nonce
 * @property {number} skew seconds that the gate's clock is ahead
 */

/**
 * A POST with a proof of its own. Asks again, once, with the nonce or the time that the gate names.
 *
 * @param {string} url
 * @param {object} body
 * @param {Proof} proof
 * @returns {Promise<Answer | Refused | Unreachable>}
 */
export async function post(url, body, proof) {
  const first = await postOnce(url, body, proof);
  if (first.kind !== "refused" || first.status !== 401) return first;
  const wanted = { ...proof, nonce: first.nonce || proof.nonce };
  if (["proof-stale", "proof-from-future"].includes(first.reason) && first.serverTime) {
    wanted.skew = first.serverTime - Math.floor(Date.now() / 1000);
  }
  const better = wanted.nonce !== proof.nonce || wanted.skew !== proof.skew;
  return better ? postOnce(url, body, wanted) : first;
}

/**
 * @param {string} url
 * @param {object} body
 * @param {Proof} proof
 */
async function postOnce(url, body, { key, nonce, skew }) {
  const proof = await dpopProof({
    publicJwk: key.publicJwk,
    sign: key.sign,
    method: "POST",
    url,
    now: Math.floor(Date.now() / 1000) + skew,
    id: crypto.randomUUID(),
    nonce,
  });
  const headers = { "Content-Type": "application/json", Accept: "application/json", DPoP: proof };
  return ask(url, { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" });
}

/**
 * The verdict on this browser, as its pages get it: with the cookies of the mail origin.
 *
 * @param {string} url
 * @param {string} token
 * @param {string} etag of the last answer
 */
export function look(url, token, etag) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers["Device-Attestation"] = token;
  if (etag) headers["If-None-Match"] = etag;
  return ask(url, { headers, credentials: "include" });
}

/**
 * @param {string} url
 * @param {RequestInit} how
 * @returns {Promise<Answer | Refused | Unreachable>}
 */
async function ask(url, how) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, { cache: "no-store", redirect: "error", ...how, signal });
    return await told(response);
  } catch {
    return { kind: "unreachable", nonce: "" };
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Answer | Refused>}
 */
async function told(response) {
  const { status, headers } = response;
  const nonce = headers.get("DPoP-Nonce") ?? "";
  const body = await response.json().catch(() => null);
  if (status === 304 || (response.ok && body)) {
    return { kind: "answer", status, body, etag: headers.get("ETag") ?? "", nonce };
  }
  return { kind: "refused", status, ...reasonIn(body), retryAfter: retryAfter(headers.get("Retry-After"), Date.now()), nonce };
}

/**
 * The content of a problem document (RFC 9457); empty for an answer that does not come from a gate.
 *
 * @param {any} body
 */
function reasonIn(body) {
  return {
    reason: typeof body?.reason === "string" ? body.reason : "no-gate",
    reference: typeof body?.reference === "string" ? body.reference : "",
    serverTime: Number(body?.server_time) || 0,
  };
}

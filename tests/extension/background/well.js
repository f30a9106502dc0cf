/** The answers of a gate that is well. */

/** @param {number} status @param {object} body @param {Record<string, string>} [headers] */
export const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** @param {object} verdict @param {object} [client] */
export const status = (verdict, client = { kind: "laptop", assurance: "attested", findings: [] }) => json(200, { verdict, client });

const seconds = () => Math.floor(Date.now() / 1000);

/** Devices and tokens are numbered from 1 on. @returns {Record<string, () => Response>} */
export function wellGate() {
  let [devices, tokens] = [0, 0];
  return {
    "/.mailgate/enroll": () => json(201, { device_id: `enrolled-${(devices += 1)}`, key_thumbprint: String(devices) }),
    "/.mailgate/attest": () =>
      json(200, {
        device_attestation: `token-${(tokens += 1)}`,
        expires_at: seconds() + 600,
        server_time: seconds(),
        report_every: 480,
        listed_extensions: [],
      }),
    "/.mailgate/status": () => status({ effect: "allow", reason: "rule-matched" }),
  };
}

/** There is no answer. @returns {Response} */
export function away() {
  throw new TypeError("Failed to fetch");
}

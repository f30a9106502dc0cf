// A real provider: oidc-provider, with its own pages to log in and to agree. Its settings are one JSON object in a file.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const { issuer, port, client, jwks, accounts } = JSON.parse(readFileSync(process.argv[2], "utf-8"));

const provider = new Provider(issuer, {
  clients: [client],
  jwks,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["preferred_username"], groups: ["groups"] },
  cookies: { keys: ["of this test"] },
  findAccount: (_ctx, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
});

createServer(provider.callback()).listen(port, "127.0.0.1");

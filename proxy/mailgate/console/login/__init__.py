"""Logging in to the console: by password, by a trusted proxy, or at a provider (OpenID Connect Core 1.0, the authorization code
flow with PKCE, RFC 7636), and the sessions that begin by it."""

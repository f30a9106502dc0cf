"""A real OpenID provider: npm's oidc-provider, which is certified for the profiles that it is used with here."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey
from tests.servers import free_port, listens, require_or_skip, running

HERE = Path(__file__).parent
PROGRAM = HERE / "openid.mjs"
INSTALLED = HERE / "node_modules" / "oidc-provider"  # make test-setup

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "ada": {"email": "Ada@Example.com", "email_verified": True, "groups": []},
    "zoe": {"email": "zoe@example.com", "email_verified": True, "groups": ["all", "mail-operators"]},
    "eve": {"email": "eve@example.com", "email_verified": True, "groups": ["all"]},
    "mal": {"email": "ada@example.com", "email_verified": False, "groups": ["mail-operators"]},
}
"""Whom the provider knows, by the name that they log in with."""
SECRET = "a secret: with + and % in it"
"""With characters that a header holds only in another form (RFC 6749, section 2.3.1)."""
CLIENT = "mailgate"


@dataclass(frozen=True)
class OpenId:
    """A running provider. It uses the name ``localhost``, so that it is another site than 127.0.0.1."""

    issuer: str
    port: int
    console: str
    log: Path

    @contextmanager
    def serving(self, key: str = "first", **client: Any) -> Iterator[None]:
        """Run the provider with one signing key of this name."""
        settings = self.log.with_suffix(".json")
        settings.write_text(json.dumps(self._settings(key, client)))
        with running(["node", PROGRAM, settings], ready=listens(self.port), log=self.log):
            yield

    def _settings(self, key: str, client: Mapping[str, Any]) -> dict[str, Any]:
        made = RSAKey.generate_key(2048, {"kid": key, "use": "sig", "alg": "RS256"})
        known = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uris": [f"{self.console}/console/login/oidc/back"],
            "post_logout_redirect_uris": [f"{self.console}/console/login"],
        }
        return {
            "issuer": self.issuer,
            "port": self.port,
            "client": known | client,
            "jwks": {"keys": [made.as_dict(private=True)]},
            "accounts": ACCOUNTS,
        }


def openid_at(folder: Path, console: str) -> OpenId:
    """A provider that knows the console at this origin."""
    require_or_skip("node", str(INSTALLED))
    port = free_port()
    return OpenId(f"http://localhost:{port}", port, console, folder / "openid.log")

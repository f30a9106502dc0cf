"""Settings of a console with logins at a provider."""

from pathlib import Path
from typing import Any

from tests.admins import admins
from tests.unit.console.login.idp import CLIENT, CONSOLE, ISSUER

from mailgate.config import Settings
from mailgate.config.references import Sources


def console(**oidc: Any) -> dict[str, Any]:
    """The setting ``console``."""
    known = {"issuer": ISSUER, "client_id": CLIENT, "name": "Example ID"}
    return {"url": CONSOLE, "login": {"oidc": known | oidc}}


def settings(people: dict[str, Any] | None = None, **oidc: Any) -> Settings:
    known = people if people is not None else {"ada": {"oidc": "Ada@example.com", "roles": ["operator"]}}
    return Settings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "public_url": "https://mail.example.com",
            "upstream": "http://127.0.0.1:9",
            "admin_listen": "127.0.0.1:0",
            "store": "sqlite:///x.db",
            "admins": known,
            "console": console(**oidc),
        },
        strict=False,
        context={"sources": Sources(Path("/nonexistent"), {})},
    )


LIN = {"lin": dict(admins(lin="approver"))["lin"]}
GROUPS = {"roles": {"ops": ["operator"], "auditors": ["viewer"]}}

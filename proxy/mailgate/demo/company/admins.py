"""The two admins of the company, with their tokens in files that only their owner can read."""

import json
from collections.abc import Callable
from pathlib import Path

from mailgate.atomic_files import write_atomically
from mailgate.demo.company.devices import FLEET, INTUNE, JAMF
from mailgate.demo.company.history import OPERATOR, SECOND
from mailgate.rollout.person import SALT_BYTES, SECRET_BYTES, hash_of, new_secret, token_of

SETTINGS = "company.json"
"""The part of the demo's settings that a company adds."""
NOTHING = "nothing"
"""The credentials of the company's connectors. There is no server to log in to."""
OUTBOX, DOMAIN = "outbox", "example.com"
"""The folder beside the settings to which mails about rules are written, and their domain. No mail is sent."""
ROLE_TEXTS = {
    OPERATOR: "An operator: plans changes, puts those in force that keep out few people, and helps people.",
    SECOND: "Also an approver: approves plans that keep out many people.",
}
"""The roles of each admin, in words."""
_ROLES = {OPERATOR: ("viewer", "operator"), SECOND: ("viewer", "operator", "approver")}


def make_admins(directory: Path, random: Callable[[int], bytes]) -> dict[str, Path]:
    """Write the tokens and the settings for them. Returns the file of each token. Raises OSError.

    :param random: returns this many bytes that nobody can guess.
    """
    tokens: dict[str, Path] = {}
    admins = {}
    for name, roles in _ROLES.items():
        secret = new_secret(random(SECRET_BYTES))
        tokens[name] = directory / f"{name}.token"
        write_atomically(tokens[name], token_of(name, secret) + "\n", 0o600)
        admins[name] = {"token_hash": hash_of(secret, random(SALT_BYTES)), "roles": list(roles)}
    added = {
        "admins": admins,
        "connectors": connectors(),
        "guard": {"max_newly_blocked": "1%", "approvals": 1},
        "notices": {"outbox": OUTBOX, "sender": f"it-help@{DOMAIN}", "domain": DOMAIN},
    }
    write_atomically(directory / NOTHING, "demo\n", 0o600)
    write_atomically(directory / SETTINGS, json.dumps(added, indent=2) + "\n", 0o600)
    return tokens


def connectors() -> dict[str, dict[str, object]]:
    """The connectors of the company. No server stands behind them, so reading one says that it does not answer."""
    nobody: dict[str, object] = {"base_url": "http://127.0.0.1:9", "every": "365d", "full_every": "365d"}
    secret: dict[str, object] = {"client_id": "demo", "client_secret": {"file": NOTHING}}
    login = {"tenant": "example.com", "login_url": "http://127.0.0.1:9"}
    return {
        FLEET: {"type": FLEET, "token": {"file": NOTHING}} | nobody,
        INTUNE: {"type": INTUNE, "max_age": "8d"} | secret | login | nobody,
        JAMF: {"type": JAMF, "unmanaged_apps": True} | secret | nobody,
    }


def added_settings(directory: Path) -> dict[str, object]:
    """The settings that an earlier company has added; empty if there is none. Raises OSError."""
    path = directory / SETTINGS
    added: dict[str, object] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return added


def tokens_in(directory: Path) -> dict[str, Path]:
    """The token files of the admins of a company in this folder; empty if there is none."""
    known = {name: directory / f"{name}.token" for name in _ROLES}
    return {name: path for name, path in known.items() if path.exists()} if added_settings(directory) else {}

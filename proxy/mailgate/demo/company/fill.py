"""Makes a company for one demo: its admins, and everything else in the store of the demo's settings."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mailgate.app import open_store, utc_now
from mailgate.app.serve import settle_memory
from mailgate.atomic_files import write_atomically
from mailgate.config import Bundle, load_bundle
from mailgate.demo.company.devices import FLEET, INTUNE, JAMF, Employee, members, people
from mailgate.demo.company.history import OPERATOR, SECOND
from mailgate.demo.company.history import planned as planned_rules
from mailgate.demo.company.seed import PLANNED, Progress, refuse_used, seed
from mailgate.errors import MailgateError
from mailgate.rollout.person import SALT_BYTES, SECRET_BYTES, hash_of, new_secret, token_of

SETTINGS = "company.json"
"""The part of the demo's settings that a company adds."""
NOTHING = "nothing"
"""The credentials of the company's connectors. There is no server to log in to."""
OUTBOX, DOMAIN = "outbox", "example.com"
"""The folder beside the settings to which mails about rules are written, and their domain. No mail is sent."""
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
    """The connectors of the company. No server stands behind them, so reading one says that it does not answer. By itself that is a day
    later, when their reports have expired as well."""
    nobody: dict[str, object] = {"base_url": "http://127.0.0.1:9", "every": "24h", "full_every": "24h"}
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


SEED = 20200710
"""The seed, so that people, devices and requests are the same every time."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A company that was made, and the files that go with it."""

    plan: str
    """The beginning of the digest of the plan that waits to be put in force."""
    tokens: dict[str, Path]
    """The file of each admin's token."""
    planned: Path
    """Rules that could be put in force next."""


async def is_new(config: Path) -> bool:
    """Whether the store that ``config`` names is empty. Raises ConfigError, StoreError."""
    store = await open_store(config, load_bundle(config).settings, make=True)
    try:
        return not (await store.devices.count() or await store.policies.serial())
    finally:
        await store.close()


async def fill(
    config: Path, count: int, progress: Progress, write: Callable[[], object], store_url: str = ""
) -> Filled:
    """Make a company of ``count`` people in the store that ``config`` names, which must be new.

    ``write`` writes the settings again, with its admins and connectors, so that its plan believes reports as far as the gate does.
    ``store_url`` is the URL of a store that is not the demo's own. Raises MailgateError, OSError.
    """
    bundle, random = load_bundle(config), Random(SEED)  # noqa: S311 - must be reproducible
    settle_memory()
    staff = people(random, count)
    store = await open_store(config, bundle.settings, make=True)
    try:
        await refuse_used(store)
        with mark_unfinished(config.parent, count, store_url):
            tokens = make_admins(config.parent, secrets.token_bytes)
            write()
            bundle = load_bundle(config)
            plan = await seed(store, bundle, staff, random, utc_now(), progress)
            return Filled(plan, tokens, _written_beside(config, bundle, staff))
    finally:
        await store.close()


def _written_beside(config: Path, bundle: Bundle, staff: list[Employee]) -> Path:
    """Write the groups of the company and the rules that it plans, which are returned."""
    groups = json.dumps({"groups": members(staff)}, indent=1)
    write_atomically(config.with_name(bundle.settings.files.groups), groups)
    planned = config.with_name(f"{PLANNED}.yaml")
    write_atomically(planned, planned_rules(bundle.rules).texts["policy.yaml"])
    return planned


MARK = "company.unfinished"
DATABASE = "mailgate.db"
"""The store of a demo without another one."""


@contextmanager
def mark_unfinished(directory: Path, people: int, store: str) -> Iterator[None]:
    """Mark the company of this folder as unfinished until the body ends well. ``store``: its URL; empty for the demo's own."""
    mark = directory / MARK
    write_atomically(mark, json.dumps({"people": people, "own": not store}) + "\n")
    yield
    mark.unlink()


def clear_half_made(directory: Path, store: str) -> int | None:
    """Delete half of a company, so that it can be made again. Returns how many people it was to have; None if there is
    none.

    Only the demo's own store is ever deleted. Raises MailgateError if the half is in another store, or OSError.
    """
    mark = directory / MARK
    if not mark.exists():
        return None
    begun = json.loads(mark.read_text("utf-8"))
    if begun["own"] != (not store):
        return None
    if store:
        ways = f"empty it and delete {mark}, or give another --store and --directory"
        raise MailgateError(f"the store holds a company that was not finished: {ways}")
    for suffix in ("", "-wal", "-shm"):
        (directory / f"{DATABASE}{suffix}").unlink(missing_ok=True)
    mark.unlink()
    return int(begun["people"])

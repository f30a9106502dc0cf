"""What a gate knows of its own processing: which tables hold people's data and until when, where data comes from and goes to, and
what its lists are, each with a digest."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from pydantic import BaseModel
from sqlalchemy import Table

from mailgate.config import Settings
from mailgate.policy import AppCatalog
from mailgate.store import schema
from mailgate.store.migrate import store_url
from mailgate.store.personal_data import PERSONAL

_KEPT: Mapping[Table, str] = {
    schema.devices: "devices",
    schema.reports: "devices",
    schema.device_names: "devices",
    schema.device_findings: "devices",
    schema.device_rows: "devices",
    schema.enrolled_keys: "devices",
    schema.shut_enrolments: "devices",
    schema.enrolment_tokens: "devices",
    schema.sightings: "sightings",
    schema.clients: "sightings",
    schema.laptop_readers: "sightings",
    schema.first_refusals: "sightings",
    schema.help_requests: "sightings",
    schema.help_references: "sightings",
    schema.reliefs: "sightings",
    schema.plan_movers: "sightings",
    schema.mails: "sightings",
    schema.quarantine_mails: "sightings",
    schema.looks: "looks",
    schema.languages: "sightings",
}
"""Each table with people's data, and the field of the settings ``retention`` by which its rows are deleted."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table with data about people."""

    name: str
    columns: tuple[str, ...]
    """All of its columns, as the schema has them."""
    kept: timedelta
    """How long its rows stay after the last event that they are about."""


def stored_tables(settings: Settings) -> list[StoredTable]:
    """Every table that names people or their devices."""
    return [
        StoredTable(table.name, tuple(table.columns.keys()), getattr(settings.retention, kept))
        for table, kept in _KEPT.items()
        if table in PERSONAL
    ]


def database_host(settings: Settings) -> str:
    """The host of the database; empty if that is on the gate's own computer."""
    url = store_url(settings.store.get_secret_value())
    return url.host or str(url.query.get("host", ""))


def hosts_in(settings: BaseModel) -> Iterator[str]:
    """The hosts of all addresses in these settings, also of parts of them."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from hosts_in(value)
        elif isinstance(value, str) and (name in ("base_url", "login_url") or _are_fetched(settings, name)):
            yield host_of(value)


def _are_fetched(settings: BaseModel, name: str) -> bool:
    """Whether this is the address of keys that the gate gets from there, and not as a file or never."""
    return name == "keys_url" and not (getattr(settings, "keys", None) or getattr(settings, "api_key", None))


def host_of(url: str) -> str:
    """The host of an address. Never a path of it, nor a login in it."""
    return urlsplit(url).hostname or ""


def list_digest(catalog: AppCatalog, name: str) -> str:
    """The SHA-256 of a list: of its apps and of all by which each is recognised. It is the same as long as neither changes."""
    apps = [catalog.apps[key] for key in sorted(catalog.lists[name])]
    told = [[app.key, app.name, sorted(app.identifiers()), sorted(app.publishers)] for app in apps]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

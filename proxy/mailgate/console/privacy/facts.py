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
from mailgate.model.phrase import phrase
from mailgate.policy import AppCatalog
from mailgate.store import schema
from mailgate.store.migrate import store_url
from mailgate.store.personal_data import PERSONAL

_STORED: Mapping[Table, tuple[str, str]] = {
    schema.devices: (phrase("Each device: its id here, since when it is known, whether it is lost"), "devices"),
    schema.reports: (
        phrase(
            "What each source says of a device: owner, kind, system, ids, how it is managed and judged, and which listed apps are on it or cannot run"
        ),
        "devices",
    ),
    schema.device_names: (phrase("The ids by which a device is found"), "devices"),
    schema.device_findings: (phrase("Where the sources of a device contradict each other"), "devices"),
    schema.device_rows: (phrase("A copy of these facts, to search the list of devices"), "devices"),
    schema.enrolled_keys: (
        phrase(
            "The keys of devices that enrolled, and what a browser's extension last said of itself and its computer; of a revoked key its digest stays, without a name"
        ),
        "devices",
    ),
    schema.shut_enrolments: (
        phrase("Computers and people that may enrol no more; of a person a digest of the name stays after this time"), "devices"
    ),
    schema.enrolment_tokens: (phrase("The codes with which devices may enrol"), "devices"),
    schema.sightings: (
        phrase(
            "Who asked for mail, with which device, on which day, first and last at what time, how often, what its browser's extension said, and what was decided"
        ),
        "sightings",
    ),
    schema.clients: (
        phrase("The programs that asked: what their headers say of them, and the last address that was asked for"),
        "sightings",
    ),
    schema.laptop_readers: (
        phrase("When each person last asked for mail by a browser of a laptop, and when without the extension"), "sightings"
    ),
    schema.first_refusals: (phrase("The hour in which a rule first refused a person"), "sightings"),
    schema.help_requests: (phrase("Requests for help with what was written, and the answers"), "sightings"),
    schema.help_references: (phrase("The help numbers of these requests"), "sightings"),
    schema.reliefs: (phrase("Exemptions of people and devices, with their reason, after they ended"), "sightings"),
    schema.plan_movers: (phrase("Whom a planned change of the rules would affect"), "sightings"),
    schema.mails: (phrase("Mails about rules, to whom they went, and what became of them"), "sightings"),
    schema.quarantine_mails: (phrase("Mails to people whose mail app was refused"), "sightings"),
    schema.looks: (
        phrase("Who looked at whose data, from where and when; of lists what was sought and how many were shown"), "looks"
    ),
    schema.languages: (phrase("The language and region that a person's browser last asked for"), "sightings"),
}  # fmt: skip
"""What the rows of each table with people's data are, in words, and the field of the settings ``retention`` by which they are deleted."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table with data about people."""

    name: str
    words: str
    columns: tuple[str, ...]
    """All of its columns, as the schema has them."""
    kept: timedelta
    """How long its rows stay after the last event that they are about."""


def stored_tables(settings: Settings) -> list[StoredTable]:
    """Every table that names people or their devices."""
    return [
        StoredTable(table.name, words, tuple(table.columns.keys()), getattr(settings.retention, kept))
        for table, (words, kept) in _STORED.items()
        if table in PERSONAL
    ]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A place outside the gate to which it sends data, or which it asks."""

    words: str
    where: str
    """The host, or the file or socket. Never a path of an address, nor a login in it."""
    gets: str
    is_host: bool = True


_ASKED = phrase("the gate's own login, and ids of devices that it asks about")
_MAILS = phrase("addresses of people, and what their rule says")
_EVENTS = phrase("decisions with the device and the reason, and changes of the rules")


def recipients(settings: Settings) -> list[Recipient]:
    """Everything outside that is asked or told, by the settings."""
    return [*_asked(settings), *_told(settings)]


def _asked(settings: Settings) -> Iterator[Recipient]:
    yield Recipient(
        phrase("The webmail"), _host(settings.upstream), phrase("every request that is let in, as it came")
    )
    url = store_url(settings.store.get_secret_value())
    database = url.host or str(url.query.get("host", ""))
    yield Recipient(
        phrase("The database"),
        database or phrase("the gate's own computer"),
        phrase("everything in part 3.2"),
        is_host=bool(database),
    )
    for name, source in settings.connectors.items():
        for host in dict.fromkeys(_hosts_in(source)):
            yield Recipient(phrase("Source %(name)s", name=name), host, _ASKED)
    for issuer in (
        *settings.attestation.issuers,
        *([settings.login_tokens] if settings.login_tokens else ()),
    ):
        if isinstance(issuer.jwks, str):
            yield Recipient(
                phrase("Keys of an issuer"), _host(issuer.jwks), phrase("nothing about people: it is read")
            )
    if oidc := settings.console.login.oidc:
        yield Recipient(phrase("Login of admins"), _host(oidc.issuer), phrase("logins of admins"))


def _told(settings: Settings) -> Iterator[Recipient]:
    if (notices := settings.notices) and notices.smtp:
        yield Recipient(phrase("Mails about rules"), str(notices.smtp), _MAILS)
    elif notices:
        yield Recipient(phrase("Mails about rules"), str(notices.outbox), _MAILS, is_host=False)
    if quarantine := settings.activesync.quarantine_mail:
        yield Recipient(phrase("Mails to refused mail apps"), str(quarantine.smtp), _MAILS)
    for words, sink, gets in (
        (phrase("Events for a SIEM"), settings.events, _EVENTS),
        (phrase("Witness of the audit log"), settings.witness, phrase("digests: nothing about people")),
    ):
        if sink and sink.syslog:
            yield Recipient(words, str(sink.syslog), gets, is_host=not str(sink.syslog).startswith("unix:"))
        if sink and sink.file:
            yield Recipient(words, str(sink.file), gets, is_host=False)
    if traces := settings.traces:
        details = ", ".join(traces.include) or phrase("no client details")
        yield Recipient(
            phrase("Traces"), _host(traces.endpoint), phrase("how long requests took; %(more)s", more=details)
        )
    if access := settings.log.access:
        details = ", ".join(access.include) or phrase("no client details")
        where = str(access.file or phrase("the standard error of the gate"))
        yield Recipient(
            phrase("Access log"),
            where,
            phrase("a line for each request; %(more)s", more=details),
            is_host=False,
        )


def _hosts_in(settings: BaseModel) -> Iterator[str]:
    """The hosts of all addresses in these settings, also of parts of them."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _hosts_in(value)
        elif isinstance(value, str) and (name in ("base_url", "login_url") or _are_fetched(settings, name)):
            yield _host(value)


def _are_fetched(settings: BaseModel, name: str) -> bool:
    """Whether this is the address of keys that the gate gets from there, and not as a file or never."""
    return name == "keys_url" and not (getattr(settings, "keys", None) or getattr(settings, "api_key", None))


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def list_digest(catalog: AppCatalog, name: str) -> str:
    """The SHA-256 of a list: of its apps and of all by which each is recognised. It is the same as long as neither changes."""
    apps = [catalog.apps[key] for key in sorted(catalog.lists[name])]
    told = [[app.key, app.name, sorted(app.identifiers()), sorted(app.publishers)] for app in apps]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

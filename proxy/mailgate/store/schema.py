"""The tables, which are the same on SQLite and PostgreSQL. The first step of ``migrations/`` builds them."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

from mailgate.devices.names import storable
from mailgate.model.phrase import Phrase, read_words, stored
from mailgate.store.folding import WireText, WithoutCase


class Instant(TypeDecorator[datetime]):
    """An aware UTC ``datetime``. SQLite has no time zones, so there it is stored without one and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ClientText(WireText):
    """Text that clients make up. Only the beginning of a longer text is stored and searched."""

    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else storable(value)[:MAX_CLIENT_TEXT]


class StoredWords(TypeDecorator[str]):
    """Words for people, as JSON: a text of the catalogs with its values, or what a person wrote. They are said in the
    language of whoever reads them (``model/phrase.py``)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        if value is None:
            return None
        told = json.dumps(stored(value) if isinstance(value, Phrase) else storable(value), ensure_ascii=False)
        return told.encode("utf-8", "replace").decode()  # a lone surrogate can neither be stored nor shown

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else words_in(value)


def words_in(text: str) -> str:
    """The words of a column. What is no JSON was written by somebody else, and is shown as it is."""
    try:
        return read_words(json.loads(text))
    except ValueError:
        return text


MAX_CLIENT_TEXT = 512
"""The longest text that a client makes up, in characters. Some columns have shorter limits."""

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A number of 64 bits. SQLite fills in a key only if it is declared INTEGER, which has 64 bits there too."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

_OWNED = "person <> ''"
_OPEN = "done_at IS NULL"
HAS_PERSON = text(_OWNED)
"""The condition of the partial indexes. A query has to repeat it exactly, or SQLite does not use the index."""


def _table(name: str, *parts: Column[Any] | Index, **options: Any) -> Table:
    return Table(name, metadata, *parts, **options)


def _counter(name: str) -> Table:
    return _table(
        name,
        Column("one", Integer, primary_key=True, autoincrement=False),
        Column("number", BigInteger, nullable=False),
    )


def _columns(kind: Any, names: str, *, nullable: bool = True) -> list[Column[Any]]:
    return [Column(name, kind, nullable=nullable) for name in names.split()]


def _key(kind: Any, names: str) -> list[Column[Any]]:
    return [Column(name, kind, primary_key=True, autoincrement=False) for name in names.split()]


def _required(kind: Any, names: str) -> list[Column[Any]]:
    return _columns(kind, names, nullable=False)


devices = _table(
    "devices",
    Column("key", Number, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("lost_at", Instant),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False, index=True),
    Column("changed", BigInteger, nullable=False, index=True),
)
"""One row for each device, under all of its names. ``changed`` is the number of the change that touched it last."""

reports = _table(
    "reports",
    *_key(WireText, "id source"),
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), nullable=False, index=True),
    *_required(WireText, "owner person"),
    Column("kind", WireText),
    *_required(WireText, "os os_version"),
    Column("managed", Boolean),
    Column("status", WireText, nullable=False),
    Column("apps", Text, nullable=False),
    Column("apps_complete", Boolean),
    Column("asked", Text),
    Column("profile", WireText, nullable=False),
    *_columns(Instant, "reported_at looked_from expires_at"),
    *_required(WireText, "enrolment compliance threat denied_by not_denied"),
    *_required(Text, "compliance_apps denied"),
    *_columns(Instant, "compliance_at compliance_last denied_at denied_last denied_until"),
    *_required(Boolean, "gone handed"),
    Column("names", Text, nullable=False),
    *_required(Instant, "first_seen last_seen"),
    Index(None, "person", sqlite_where=text(_OWNED), postgresql_where=text(_OWNED)),
)
"""One source's report about one device. ``id`` is the source's own id, and ``person`` the owner's login name without case.

``apps`` is a JSON list of the listed apps on the device, by their key in ``apps.yaml``; no other app is stored. So are
``asked``, ``compliance_apps`` and ``denied``; ``asked`` is NULL if the source could answer for every app.
``names`` is a JSON list of pairs of kind and name. ``apps_complete`` and ``reported_at`` are NULL if no apps were
reported.
"""

policy_versions = _table(
    "policy_versions",
    *_key(WireText, "source policy"),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("content", WireText, nullable=False),
)
"""What decides in the versions of a management's policies that some device still has applied, as JSON (``android_policy.py``
among the connectors). A management can be asked for the current version alone."""

device_names = _table(
    "device_names",
    *_key(WireText, "kind name"),
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""The names by which a device is found (``devices/names.py``). No two devices have the same name."""

device_findings = _table(
    "device_findings",
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), primary_key=True),
    Column("reason", WireText, primary_key=True),
    Column("about", WireText, primary_key=True, index=True),
    Column("detail", StoredWords, nullable=False),
    Column("since", Instant, nullable=False),
)
"""The contradictions between the sources of a device, and the names that two devices claim."""

device_rows = _table(
    "device_rows",
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), primary_key=True),
    *_required(WireText, "person kind os os_version source state mail apps blocked_by findings groups"),
    Column("reported_at", Instant, nullable=False),
    *(
        Index(f"ix_device_rows_{name}", name, "device")
        for name in "person kind os source state mail apps blocked_by findings reported_at".split()
    ),
)
"""The state of each device when it was last computed, to search and sort by (``device_rows.py``). It can be computed
again from the other tables. ``apps``, ``blocked_by``, ``findings`` and ``groups`` are JSON lists, or empty; ``reported_at``
is 1970 if nobody looked at the apps."""

device_row_changes = _counter("device_row_changes")
"""One row: the number of the last change to devices that is in ``device_rows``."""

device_changes = _counter("device_changes")
"""One row with the number of the last change. A writer of devices increases it first, so writers wait for each other, and a
reader who has read up to a number has missed nothing."""

forgotten_devices = _table(
    "forgotten_devices",
    Column("id", Text, primary_key=True),
    Column("changed", BigInteger, nullable=False, index=True),
    Column("at", Instant, nullable=False),
)
"""The ids of recently deleted devices, so that running gates drop them too."""

clients = _table(
    "clients",
    Column("id", Text, primary_key=True),
    Column("kind", ClientText, nullable=False),
    Column("handheld", Boolean, nullable=False),
    *_required(ClientText, "assurance form os browser protocol"),
    Column("eas_id", ClientText, nullable=False, index=True),
    *_required(ClientText, "method target"),
    Column("headers", Text, nullable=False),
    Column("proofs", Text),
    Column("last_at", Instant, nullable=False, index=True),
)
"""Unique client facts. ``headers`` is a JSON object with the headers that classification reads; ``proofs`` one of what came of
its proofs, or NULL if the request was not recorded in full."""

sightings = _table(
    "sightings",
    Column("id", Text, primary_key=True),
    Column("client", Text, ForeignKey(clients.c.id), nullable=False, index=True),
    Column("day", Date, nullable=False),
    Column("device", ClientText, nullable=False, index=True),
    Column("posture", ClientText, nullable=False),
    Column("user", ClientText, nullable=False, index=True),
    *_required(ClientText, "rule effect reason"),
    Column("would", Text, nullable=False),
    Column("policy", ClientText, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    Column("reference", ClientText, nullable=False, index=True),
    Column("shown", BigInteger, nullable=False),
)
Index("ix_sightings_login", WithoutCase(sightings.c.user))
Index("ix_sightings_rule_last_at", sightings.c.rule, sightings.c.last_at)
"""Decisions for one client, person and device on one UTC day. ``would`` is a JSON list; ``reference`` is that of the last
request; ``shown`` is how many of the ``count`` decisions the person saw, as every refusal."""

first_refusals = _table(
    "first_refusals",
    *_key(ClientText, "policy subject"),
    Column("person", ClientText, nullable=False, index=True),
    Column("device", ClientText, nullable=False, index=True),
    Column("rule", ClientText, nullable=False),
    Column("hour", Instant, nullable=False, index=True),
    Column("sort", Text, nullable=False),
    Index(None, "policy", "sort", "hour"),
)
"""The hour in which each person, or device without a known person, was first kept out by a version. ``sort`` says who expected it."""

laptop_readers = _table(
    "laptop_readers",
    *_key(ClientText, "person os browser"),
    Column("seen_at", Instant, nullable=False, index=True),
    *_columns(Instant, "named_at bare_at"),
)
"""When each person last asked for mail by a browser of a laptop, by system and kind of browser; when a trusted proxy named them there,
and when that was without a proof of the device (NULL if never). It is a summary of sightings (``fleet.py``)."""

verdict_counts = _table(
    "verdict_counts",
    Column("span", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    *_key(ClientText, "effect kind rule reason"),
    Column("times", BigInteger, nullable=False),
)
"""The number of verdicts at all gates, by minute, hour and day (``span``), each from ``at`` on: by the kind of the client, or
by the rule and the reason of a refusal."""

app_counts = _table(
    "app_counts",
    Column("day", Date, primary_key=True),
    Column("app", WireText, primary_key=True),
    *_required(Integer, "people devices kept_out_people kept_out_devices"),
    Column("at", Instant, nullable=False),
)
"""How many people and devices had each listed app on a UTC day, and were kept out, last counted ``at``."""

refused_days = _table(
    "refused_days",
    Column("day", Date, primary_key=True),
    *_required(Integer, "people strangers"),
    Column("at", Instant, nullable=False),
)
"""How many people, and clients of nobody known, were refused on a UTC day, last counted ``at``. It is a summary of sightings."""

keys = _table(
    "keys",
    Column("purpose", WireText, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""The secrets of the gate, the last two for each purpose."""

quarantine_mails = _table(
    "quarantine_mails",
    *_key(ClientText, "person device reason"),
    Column("written_at", Instant, nullable=False, index=True),
    Index(None, "device"),
)
"""The last quarantine mail to each person about each device and reason. ``device`` is an id, or an ActiveSync id as text."""

audit = _table(
    "audit",
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(Text, "at who what about why origin details previous digest"),
    Index(None, "who", "number"),
    Index(None, "about", "number"),
    Index(None, "at", "number"),
)
"""The audit log, numbered from 1 without gaps. Columns hold what was hashed, so times are texts and details are JSON."""

audit_head = _table(
    "audit_head",
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)
"""One row with the last entry of the log. A writer locks it. It shows if entries were cut off the end."""

policies = _table(
    "policies",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("policy", Text, nullable=False, index=True),
    Column("texts", Text, nullable=False),
    Column("author", WireText, nullable=False),
    Column("note", StoredWords, nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""Every version of the rules. ``texts`` is a JSON object of its files, and ``policy`` is its name in sightings."""

drafts = _table(
    "drafts",
    Column("digest", Text, primary_key=True),
    Column("base", Integer, ForeignKey(policies.c.number), nullable=False),
    Column("edit", Text, nullable=False),
    Column("title", StoredWords, nullable=False),
    Column("author", WireText, nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
)
"""Small changes of a version: ``edit`` is a JSON object (``policy/edits.py``), ``digest`` that of the texts with it."""

plans = _table(
    "plans",
    Column("digest", Text, primary_key=True),
    Column("serial", Integer, nullable=False),
    *_required(Text, "candidate policy texts body"),
    Column("author", WireText, nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
    Column("movers", Integer, nullable=False),
)
"""Plans with their rules (``candidate`` is their digest) and the activation with which they were compared, and how many ``plan_movers``."""

plan_movers = _table(
    "plan_movers",
    Column("plan", Text, ForeignKey(plans.c.digest, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(
        WireText, "person device kind system groups state apps label before before_rule effect rule reason"
    ),
    *_required(Integer, "since until"),
    Index(None, "device"),
    *(
        Index(f"ix_plan_movers_{name}_in_plan", "plan", name, "number")
        for name in ("person", "kind", "label", "rule")
    ),
)
"""The movers of plans, by name. They are deleted with their plan, or when they are forgotten. ``groups`` and ``apps`` are JSON
lists; ``since`` and ``until`` are numbers of the plan's moments, and 0 is the plan's own."""

activations = _table(
    "activations",
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, ForeignKey(policies.c.number), nullable=False),
    Column("author", WireText, nullable=False),
    Column("note", StoredWords, nullable=False),
    Column("at", Instant, nullable=False),
)
"""The activations in order. The last row is in force, and gates read it all the time."""

reliefs = _table(
    "reliefs",
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(WireText, "cause rule author"),
    Column("why", StoredWords, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", Instant),
    *_required(WireText, "person device"),
    Column("ended_at", Instant),
    *_required(WireText, "ended_by ended_why"),
)
"""Rules that are or were taken out (``policy/reliefs.py``). An empty ``rule`` means every rule. ``person`` has no case."""

phone_changes = _counter("phone_changes")
"""One row with the number of times that a phone of somebody's came which nobody had reported, and of which nothing was stored."""

relief_changes = _counter("relief_changes")
"""One row with the number of the last change of reliefs. Gates read it all the time."""

help_requests = _table(
    "help_requests",
    *_key(ClientText, "rule subject"),
    *_required(ClientText, "person device reason reference policy"),
    Column("known", Boolean, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    *_columns(Instant, "replied_at done_at"),
    *_required(WireText, "done_by words answer"),
    Index(None, "person"),
    Index(None, "device"),
    Index(None, "reference"),
    Index("ix_help_requests_open", "rule", "last_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
)
"""Requests for help, one row for each person and rule, with the last reference, and what they last wrote. If not ``known``, a
request does not count, and ``subject`` is a hash of the client."""

help_references = _table(
    "help_references",
    Column("reference", ClientText, primary_key=True),
    Column("sighting", ClientText, nullable=False, index=True),
    Column("at", Instant, nullable=False, index=True),
)
"""Each reference that somebody asked for help about, and its sighting, which is kept as long as this row."""

spent_proofs = _table(
    "spent_proofs",
    Column("ticket", LargeBinary, primary_key=True),
    Column("until", Instant, nullable=False, index=True),
)
"""Proofs that a gate accepted as new, by their digest, until they would be too old anyway."""

enrolment_tokens = _table(
    "enrolment_tokens",
    Column("digest", LargeBinary, primary_key=True),
    Column("name", WireText, nullable=False, index=True),
    *_required(WireText, "owner note"),
    Column("uses_left", Integer, nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
)
Index("ix_enrolment_tokens_login", WithoutCase(enrolment_tokens.c.owner))
"""Enrolment tokens, known by their ``name``. Only the SHA-256 of a token is kept. A revoked one stays known until it would be too old."""

enrolled_keys = _table(
    "enrolled_keys",
    Column("thumbprint", WireText, primary_key=True),
    Column("device", WireText, nullable=False, index=True),
    Column("owner", WireText, nullable=False),
    Column("token", WireText, nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("reported_at", Instant),
    Column("revoked_at", Instant, index=True),
    Column("app", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("machine", WireText, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("said", Text, nullable=False),
)
Index("ix_enrolled_keys_login", WithoutCase(enrolled_keys.c.owner))
Index("ix_enrolled_keys_machine_name", WithoutCase(enrolled_keys.c.machine))
"""The keys with which devices enrolled (RFC 7638 thumbprints). A revoked key stays, so that it is never accepted again. ``app`` is the
attested app that holds it, as JSON, or empty; ``counter`` is that of its last assertion. ``machine`` is the company's name of the
computer, or empty; ``proven`` is whether a machine's token proved that name. ``said`` is the last report about itself, as JSON, or empty."""

shut_enrolments = _table(
    "shut_enrolments",
    Column("kind", Text, primary_key=True),
    Column("name", WireText, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", WireText, nullable=False),
)
"""The machines and the people (``kind`` is ``machine`` or ``person``) that enrol no more, since when and by which admin, until one allows
it again. ``name`` is in ASCII lower case; of somebody who was forgotten it is a digest (``shut_enrolments.py``)."""

connectors = _table(
    "connectors",
    Column("name", WireText, primary_key=True),
    *_columns(Instant, "last_attempt last_success last_full failing_since"),
    Column("trouble", WireText, nullable=False),
    *_columns(Instant, "trouble_since running_since"),
    Column("retrying", WireText, nullable=False),
    *_columns(Instant, "retry_at cursor"),
    Column("listed", Text, nullable=False),
    *_required(BigInteger, "status devices taken gone held narrowed"),
    Column("narrows_at", Instant),
)
"""The state of each connector (``SourceState``)."""

leases = _table(
    "leases",
    Column("name", WireText, primary_key=True),
    Column("holder", WireText, nullable=False),
    Column("until", Float(53), nullable=False),
)
"""The leases of gates. Their end is in seconds since 1970 by the database's clock."""

gates = _table(
    "gates",
    *_key(Text, "host address"),
    Column("worker", Integer, primary_key=True, autoincrement=False),
    Column("workers", Integer, nullable=False),
    *_required(Text, "instance version policy"),
    *_required(Integer, "number serial"),
    Column("since", Instant, nullable=False),
    Column("heard_at", Float(53), nullable=False),
)
"""The processes of gates on this store (``gates.py``). ``heard_at`` is in seconds since 1970 by the database's clock."""

mails = _table(
    "mails",
    Column("id", Text, primary_key=True),
    Column("address", WireText, nullable=False),
    Column("login", WireText, nullable=False, index=True),
    Column("rule", WireText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("notice", Text),
    *_required(Text, "about state holder"),
    Column("attempts", Integer, nullable=False),
    Column("why", WireText, nullable=False),
    *_required(Instant, "queued_at due_at"),
    Column("until", Instant),
    Column("changed_at", Instant, nullable=False, index=True),
    Index(None, "address", "rule", "version", "kind", "round", unique=True),
    Index(None, "state", "due_at"),
    Index("ix_mails_about", "version", "kind", "rule", "state", "address", "id"),
)
"""Mails, each to one person about one rule, version and kind. ``notice`` has its content as JSON until it was sent; ``about``
the devices that it went by, also after that; ``round`` the activation that last took the version back, or 0."""

retractions = _table(
    "retractions",
    Column("serial", Integer, ForeignKey(activations.c.serial), primary_key=True, autoincrement=False),
    *_required(Text, "versions serials policies"),
    Column("looked_at", Instant),
    Column("done", Boolean, nullable=False),
)
"""Activations that took versions back, with their serials, open until everybody reached was found. ``policies`` is a JSON
object from a version's name in sightings to the time since which its decisions count, or null for all."""

started_notices = _table(
    "started_notices",
    Column("serial", Integer, ForeignKey(activations.c.serial), primary_key=True, autoincrement=False),
    *_key(WireText, "rule"),
    *_key(Text, "kind"),
    Column("version", Integer, nullable=False),
    *_required(Text, "why"),
    Column("at", Instant, nullable=False),
    Column("mails", Integer, nullable=False),
)
"""Notices that the gate has started by itself on a date of their rule, or has held back, then with ``why``. An activation that leaves
the rule as it is takes over what was started by the one before."""

languages = _table(
    "languages",
    Column("person", ClientText, primary_key=True),
    Column("tag", Text, nullable=False),
    Column("day", Date, nullable=False, index=True),
)
"""The language that a person's browser last asked for, with its region (``en-GB``), and the UTC day. Mails to them are in this language, and have
the dates of that region."""

looks = _table(
    "looks",
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    *_required(WireText, "who roles origin what person device sought"),
    Column("number", Integer),
    Index(None, "who", "at"),
    Index(None, "person", "at"),
    Index(None, "device", "at"),
)
"""Who looked at whose data: one row for each reader, place and person within some minutes. Of a list of several it has what was sought
and how many rows were shown, if that is known; ``device`` is an id, or another name by which somebody asked for it."""

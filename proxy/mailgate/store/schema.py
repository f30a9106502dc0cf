"""The tables, the same on SQLite and PostgreSQL. ``migrations/`` builds them; a test holds the two together."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC ``datetime``. SQLite keeps no time zone, so there it is stored without and read as UTC."""

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


class Words(TypeDecorator[str]):
    """Text from the wire. What no database keeps (NUL, lone surrogates) is written as its escape."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else kept(value)


def kept(text: str) -> str:
    """What of a text a database keeps: NUL and lone surrogates are written as their escapes."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


Number = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite fills in only a key that is declared INTEGER; there it has 64 bits all the same."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

devices = Table(
    "devices",
    metadata,
    Column("key", Number, primary_key=True),
    Column("source", Words, nullable=False),
    Column("id", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("kind", Words),
    Column("os", Words, nullable=False),
    Column("os_version", Words, nullable=False),
    Column("managed", Boolean),
    Column("status", Words, nullable=False),
    Column("apps_complete", Boolean),
    Column("reported_at", Instant),
    Column("expires_at", Instant),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False, index=True),
    UniqueConstraint("source", "id"),
    Index(None, "id"),
)
"""One row a device. ``apps_complete`` and ``reported_at`` are NULL where no apps were reported."""

device_apps = Table(
    "device_apps",
    metadata,
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), primary_key=True),
    Column("app", Words, primary_key=True, index=True),
)
"""Listed apps that are present, by their key in ``apps.yaml``. No other app is stored."""

device_names = Table(
    "device_names",
    metadata,
    Column("device", Number, ForeignKey(devices.c.key, ondelete="CASCADE"), primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Index(None, "kind", "name"),
)
"""What a device is found by: kind ``key`` (thumbprint of its attestation key), ``eas`` (every form of an id) or
``user`` (login name of its owner)."""

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("handheld", Boolean, nullable=False),
    Column("assurance", Words, nullable=False),
    Column("form", Words, nullable=False),
    Column("os", Words, nullable=False),
    Column("browser", Words, nullable=False),
    Column("protocol", Words, nullable=False),
    Column("eas_id", Words, nullable=False, index=True),
    Column("method", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("headers", Text, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
)
"""Unique client facts. ``headers`` is a JSON object of those that classification reads."""

sightings = Table(
    "sightings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client", Text, ForeignKey(clients.c.id), nullable=False, index=True),
    Column("day", Date, nullable=False),
    Column("device", Words, nullable=False, index=True),
    Column("posture", Words, nullable=False),
    Column("user", Words, nullable=False, index=True),
    Column("rule", Words, nullable=False),
    Column("effect", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("would", Text, nullable=False),
    Column("policy", Words, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    Column("reference", Words, nullable=False, index=True),
)
"""What was decided for whom on one UTC day. ``would`` is a JSON list; ``reference`` is that of the last request."""

keys = Table(
    "keys",
    metadata,
    Column("purpose", Words, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""Secrets of the gate, the last two for each purpose."""

notices = Table(
    "notices",
    metadata,
    Column("person", Words, primary_key=True),
    Column("device", Words, primary_key=True),
    Column("reason", Words, primary_key=True),
    Column("told_at", Instant, nullable=False, index=True),
    Index(None, "device"),
)
"""Who was told by mail why which device gets none, and when last. ``device`` is an id, or an ActiveSync id as text."""

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("at", "who", "what", "about", "why", "origin", "details")
    ),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
"""The audit log, numbered from 1 without gaps. Every column is what was hashed, so times are texts and details JSON."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)
"""One row: the last entry of the log. Who appends locks it; entries that were cut off the end are missed by it."""

policies = Table(
    "policies",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("policy", Text, nullable=False, index=True),
    Column("texts", Text, nullable=False),
    Column("author", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""Every version of the rules: ``texts`` is a JSON object of its files, ``policy`` what sightings call it."""

plans = Table(
    "plans",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("serial", Integer, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("texts", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("author", Words, nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
)
"""Plans, each with the rules that it is about (``candidate`` is their digest) and the activation it was made against."""

activations = Table(
    "activations",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, ForeignKey(policies.c.number), nullable=False),
    Column("author", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("at", Instant, nullable=False),
)
"""Which version was put in force, in order. The last row is the one in force; gates look at it all the time."""

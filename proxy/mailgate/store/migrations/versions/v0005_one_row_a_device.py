"""A device is one row whatever it is called; what each source says of it is another.

Each old row becomes a report. Rows that share a key or an ActiveSync id become one device.
"""

import json
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from mailgate.store.placeholders import why_nothing

revision = "0005"
down_revision = "0004"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)
_PAGE = 5_000
_OLD = {"device_apps": "device", "device_names": "device", "devices": "key"}
"""The tables that are replaced, by the column that is the key of a device."""
_SAID = (
    "source id owner kind os os_version managed status apps_complete reported_at expires_at first_seen last_seen"
).split()


def upgrade() -> None:
    connection = op.get_bind()
    for table, key in _OLD.items():  # copied, since names of constraints cannot stand twice
        op.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608 - names of our own
        op.create_index(f"ix_old_{table}", f"old_{table}", [key])
        op.drop_table(table)
    _create_devices()
    _create_changes()
    found = _tables(connection)
    ids = _carry_over(connection, found, _merged(connection, found))
    for table in ("sightings", "notices"):
        _rename(connection, found[table], ids)
    for table in _OLD:
        op.drop_table(f"old_{table}")


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("key", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("lost_at", _INSTANT),
        sa.Column("first_seen", _INSTANT, nullable=False),
        sa.Column("last_seen", _INSTANT, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_devices"),
        sa.UniqueConstraint("id", name="uq_devices_id"),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("device", _NUMBER, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("os", sa.Text, nullable=False),
        sa.Column("os_version", sa.Text, nullable=False),
        sa.Column("managed", sa.Boolean),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("apps", sa.Text, nullable=False),
        sa.Column("apps_complete", sa.Boolean),
        sa.Column("reported_at", _INSTANT),
        sa.Column("expires_at", _INSTANT),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("first_seen", _INSTANT, nullable=False),
        sa.Column("last_seen", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", "source", name="pk_reports"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_reports_device", ondelete="CASCADE"),
    )
    op.create_table(
        "device_names",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("device", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_device_names"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_names_device", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "device_findings",
        sa.Column("device", _NUMBER, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("device", "reason", "about", name="pk_device_findings"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_findings_device", ondelete="CASCADE"),
    )
    for table, column in (
        ("devices", "last_seen"),
        ("devices", "changed"),
        ("reports", "device"),
        ("device_names", "device"),
        ("device_findings", "about"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    told = sa.text("person <> ''")
    op.create_index("ix_reports_person", "reports", ["person"], sqlite_where=told, postgresql_where=told)


def _create_changes() -> None:
    op.create_table(
        "device_changes",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_device_changes"),
    )
    op.execute("INSERT INTO device_changes (one, number) VALUES (1, 1)")
    op.create_table(
        "forgotten_devices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forgotten_devices"),
    )
    op.create_index("ix_forgotten_devices_changed", "forgotten_devices", ["changed"])


def _tables(connection: sa.Connection) -> dict[str, sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection, only=["devices", "reports", "device_names", "sightings", "notices"])
    instants = [
        sa.Column(name, _INSTANT) for name in ("reported_at", "expires_at", "first_seen", "last_seen")
    ]
    flags = [sa.Column(name, sa.Boolean) for name in ("managed", "apps_complete")]
    words = [
        sa.Column(name, sa.Text) for name in ("source", "id", "owner", "kind", "os", "os_version", "status")
    ]
    number, text = ("device", _NUMBER), sa.Text
    old: dict[str, list[sa.Column[Any]]] = {  # a copy on SQLite knows nothing of types
        "old_devices": [sa.Column("key", _NUMBER), *words, *flags, *instants],
        "old_device_apps": [sa.Column(*number), sa.Column("app", text)],
        "old_device_names": [sa.Column(*number), sa.Column("kind", text), sa.Column("name", text)],
    }
    copied = {name: sa.Table(name, sa.MetaData(), *columns) for name, columns in old.items()}
    return dict(metadata.tables) | copied


def _merged(connection: sa.Connection, found: dict[str, sa.Table]) -> dict[int, int]:
    """Keys of devices that share a name with an older one, and the key of the oldest of them."""
    names = found["old_device_names"].c
    twice = sa.select(names.kind, names.name).where(names.kind != "user")
    twice = twice.group_by(names.kind, names.name).having(sa.func.count() > 1)
    some = twice.subquery()
    query = sa.select(names.kind, names.name, names.device).join(
        some, (names.kind == some.c.kind) & (names.name == some.c.name)
    )
    oldest: dict[int, int] = {}

    def root(key: int) -> int:
        while key in oldest:
            key = oldest[key]
        return key

    first: dict[tuple[str, str], int] = {}
    for kind, name, device in connection.execute(query.order_by(names.device)):
        if why_nothing(kind, name):
            continue
        one, other = sorted((root(first.setdefault((kind, name), device)), root(device)))
        if one != other:
            oldest[other] = one
    return {key: root(key) for key in oldest}


def _carry_over(
    connection: sa.Connection, found: dict[str, sa.Table], merged: dict[int, int]
) -> dict[str, str]:
    """Old rows as devices, reports and names. Returns the new id of a device by each old one that was noted."""
    ids, keys = dict[str, str](), dict[int, str]()
    for rows in _pages(connection, found["old_devices"]):
        apps = _parts(connection, found["old_device_apps"], rows)
        names = _parts(connection, found["old_device_names"], rows)
        devices, reports, named = [], [], dict[tuple[str, str], int]()
        for row in rows:
            key = merged.get(row.key, row.key)
            strong = sorted(
                (kind, name)
                for _, kind, name in names.get(row.key, [])
                if kind != "user" and not why_nothing(kind, name)
            )
            if key == row.key:
                keys[key] = _new_id(row.source, row.id)
                seen = {"first_seen": row.first_seen, "last_seen": row.last_seen}
                devices.append({"key": key, "id": keys[key], "changed": 1, **seen})
            ids.setdefault(row.id, keys[key])
            reports.append(_report(row, key, sorted(app for _, app in apps.get(row.key, [])), strong))
            named |= dict.fromkeys(strong, key)
        for table, made in (("devices", devices), ("reports", reports)):
            if made:
                connection.execute(found[table].insert(), made)
        _name(connection, named)
    for key in set(merged.values()):
        _span(connection, found, key)
    return ids


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[list[Any]]:
    after = -1
    while rows := connection.execute(
        sa.select(table).where(table.c.key > after).order_by(table.c.key).limit(_PAGE)
    ).all():
        yield list(rows)
        after = rows[-1].key


def _parts(connection: sa.Connection, table: sa.Table, rows: list[Any]) -> dict[int, list[Any]]:
    parts: dict[int, list[Any]] = {}
    wanted = sa.select(table).where(table.c.device.between(rows[0].key, rows[-1].key))
    for part in connection.execute(wanted):
        parts.setdefault(part.device, []).append(part)
    return parts


def _report(row: Any, key: int, apps: list[str], names: list[tuple[str, str]]) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in _SAID}
    person = row.owner.encode("utf-8").lower().decode()  # ASCII letters alone, as the code compares them
    more = {
        "device": key,
        "person": person,
        "apps": json.dumps(apps),
        "names": json.dumps(names),
        "gone": False,
    }
    return said | more


def _name(connection: sa.Connection, named: dict[tuple[str, str], int]) -> None:
    if named:
        statement = "INSERT INTO device_names (kind, name, device) VALUES (:kind, :name, :device) ON CONFLICT DO NOTHING"
        rows = [{"kind": kind, "name": name, "device": key} for (kind, name), key in sorted(named.items())]
        connection.execute(sa.text(statement), rows)


def _span(connection: sa.Connection, found: dict[str, sa.Table], key: int) -> None:
    """A device of several rows was seen from the first time any of them was to the last."""
    devices, reports = found["devices"], found["reports"].c
    seen = sa.select(sa.func.min(reports.first_seen), sa.func.max(reports.last_seen)).where(
        reports.device == key
    )
    first, last = connection.execute(seen).one()
    connection.execute(devices.update().where(devices.c.key == key).values(first_seen=first, last_seen=last))


def _rename(connection: sa.Connection, table: sa.Table, ids: dict[str, str]) -> None:
    """What was noted under a source's id is noted under the device's own."""
    noted = set(connection.execute(sa.select(table.c.device).distinct()).scalars())
    for old in sorted(noted & ids.keys()):
        if table.name == "notices":
            _drop_repeated(connection, table, old, ids[old])
        connection.execute(table.update().where(table.c.device == old).values(device=ids[old]))


def _drop_repeated(connection: sa.Connection, notices: sa.Table, old: str, new: str) -> None:
    both = notices.alias()
    same = (both.c.person == notices.c.person, both.c.reason == notices.c.reason, both.c.device == new)
    repeated = sa.select(both.c.person).where(*same).exists()
    connection.execute(notices.delete().where(notices.c.device == old, repeated))


def _new_id(source: str, name: str) -> str:
    text = b32encode(sha256(f"{source}\0{name}\0".encode()).digest()[:10])[:12].decode().lower()
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"

"""Devices are found by their owner as well: those that are stored get the name that new reports bring."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DEVICES = sa.table("devices", sa.column("key", sa.BigInteger), sa.column("owner", sa.Text))
_NAMES = sa.table(
    "device_names", sa.column("device", sa.BigInteger), sa.column("kind", sa.Text), sa.column("name", sa.Text)
)
_PAGE = 10_000


def upgrade() -> None:
    connection, after = op.get_bind(), -1
    while owned := connection.execute(_page(after)).all():
        op.bulk_insert(
            _NAMES, [{"device": key, "kind": "user", "name": _lower(owner)} for key, owner in owned]
        )
        after = owned[-1].key


def _page(after: int) -> sa.Select[Any]:
    owned = sa.select(_DEVICES).where(_DEVICES.c.owner != "", _DEVICES.c.key > after)
    return owned.order_by(_DEVICES.c.key).limit(_PAGE)


def _lower(owner: str) -> str:
    """ASCII letters alone, as SQLite's own lower() and unlike PostgreSQL's."""
    return owner.encode().lower().decode()

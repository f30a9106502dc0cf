"""Devices with their apps and names; clients and what was decided for them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _devices()
    _sightings()


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("key", _NUMBER, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("os", sa.Text, nullable=False),
        sa.Column("os_version", sa.Text, nullable=False),
        sa.Column("managed", sa.Boolean),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("apps_complete", sa.Boolean),
        sa.Column("reported_at", _INSTANT),
        sa.Column("expires_at", _INSTANT),
        sa.Column("first_seen", _INSTANT, nullable=False),
        sa.Column("last_seen", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_devices"),
        sa.UniqueConstraint("source", "id", name="uq_devices_source_id"),
    )
    op.create_index("ix_devices_id", "devices", ["id"])
    op.create_index("ix_devices_last_seen", "devices", ["last_seen"])
    op.create_table(
        "device_apps",
        sa.Column("device", _NUMBER, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("device", "app", name="pk_device_apps"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_apps_device", ondelete="CASCADE"),
    )
    op.create_index("ix_device_apps_app", "device_apps", ["app"])
    op.create_table(
        "device_names",
        sa.Column("device", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("device", "kind", "name", name="pk_device_names"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_names_device", ondelete="CASCADE"),
    )
    op.create_index("ix_device_names_kind_name", "device_names", ["kind", "name"])


def _sightings() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("handheld", sa.Boolean, nullable=False),
        sa.Column("assurance", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("os", sa.Text, nullable=False),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("eas_id", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_table(
        "sightings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("posture", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("would", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", _INSTANT, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
        sa.ForeignKeyConstraint(["client"], ["clients.id"], "fk_sightings_client"),
    )
    for table, columns in {
        "clients": ("eas_id", "last_at"),
        "sightings": ("client", "device", "user", "last_at", "reference"),
    }.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])

"""Indexes that lead to the devices that somebody looks for."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

PARTIAL = (
    ("ix_devices_lost", "devices", "key", "lost_at IS NOT NULL"),
    ("ix_reports_with_apps", "reports", "device", "apps <> '[]'"),
    ("ix_reports_without_a_look", "reports", "device", "reported_at IS NULL"),
    ("ix_reports_of_a_part", "reports", "device", "NOT apps_complete"),
)


def upgrade() -> None:
    op.create_index("ix_reports_kind_device", "reports", ["kind", "device"])
    for name, table, column, where in PARTIAL:
        op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))

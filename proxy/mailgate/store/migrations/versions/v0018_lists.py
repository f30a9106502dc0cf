"""Indexes by which the lists of the console are gone through."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

INDEXES = (
    ("sightings", "rule", "last_at"),
    ("audit", "who", "number"),
    ("enrolment_tokens", "made_at"),
)
_APPS = sa.text("apps <> '[]'")


def upgrade() -> None:
    for table, *columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    # with the apps in it, so that a rare one is found without a look at every report that has any
    op.drop_index("ix_reports_with_apps")
    columns = ["device", "apps"]
    op.create_index("ix_reports_with_apps", "reports", columns, sqlite_where=_APPS, postgresql_where=_APPS)

"""Rules that are taken out, and calls for help by people whom a rule refused."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_INSTANT = sa.DateTime(timezone=True)


def _texts(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names.split()]


def upgrade() -> None:
    op.create_table(
        "reliefs",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *_texts("cause rule why author"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT),
        *_texts("person device"),
        sa.Column("ended_at", _INSTANT),
        *_texts("ended_by ended_why"),
        sa.PrimaryKeyConstraint("number", name="pk_reliefs"),
    )
    changes = op.create_table(
        "relief_changes",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_relief_changes"),
    )
    op.bulk_insert(changes, [{"one": 1, "number": 0}])
    op.create_table(
        "help_requests",
        *_texts("rule subject person device reason reference policy"),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first_at", _INSTANT, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject", name="pk_help_requests"),
    )
    op.create_index("ix_help_requests_last_at", "help_requests", ["last_at"])

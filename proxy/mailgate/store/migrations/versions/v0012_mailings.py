"""Notices by mail, retractions and what they lead to, and the languages that people read."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _mailings()
    op.create_table(
        "retractions",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("serials", sa.Text, nullable=False),
        sa.Column("policies", sa.Text, nullable=False),
        sa.Column("looked_at", _INSTANT),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_retractions"),
        sa.ForeignKeyConstraint(["serial"], ["activations.serial"], "fk_retractions_serial"),
    )
    op.create_table(
        "languages",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_languages"),
    )
    op.create_index("ix_languages_day", "languages", ["day"])
    shown = sa.Column("shown", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("sightings", shown)
    op.execute("UPDATE sightings SET shown = count WHERE effect <> 'allow'")


def _mailings() -> None:
    texts = "id address login rule kind facts state holder why".split()
    numbers = "version round attempts".split()
    instants = "queued_at due_at changed_at".split()
    op.create_table(
        "mailings",
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Integer, nullable=False) for name in numbers),
        *(sa.Column(name, _INSTANT, nullable=False) for name in instants),
        sa.Column("until", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_mailings"),
    )
    op.create_index("ix_mailings_login", "mailings", ["login"])
    op.create_index("ix_mailings_changed_at", "mailings", ["changed_at"])
    op.create_index("ix_mailings_state_due_at", "mailings", ["state", "due_at"])
    once = "address rule version kind round".split()
    op.create_index("ix_mailings_address_rule_version_kind_round", "mailings", once, unique=True)

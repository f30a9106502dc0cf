"""How connectors fare, and who of several gates runs them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_INSTANTS = ("last_attempt", "last_success", "last_full", "failing_since", "cursor")
_COUNTS = ("devices", "taken", "gone", "held")


def upgrade() -> None:
    op.create_table(
        "connectors",
        sa.Column("name", sa.Text, nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in _INSTANTS),
        sa.Column("listed", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("name", name="pk_connectors"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )

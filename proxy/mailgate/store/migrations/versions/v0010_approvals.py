"""Approvals of plans."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan", "who", name="pk_approvals"),
        sa.ForeignKeyConstraint(["plan"], ["plans.digest"], "fk_approvals_plan", ondelete="CASCADE"),
    )

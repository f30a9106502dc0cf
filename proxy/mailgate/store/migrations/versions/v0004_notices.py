"""Who was told by mail why which device gets none."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "device", "reason", name="pk_notices"),
    )
    for column in ("device", "told_at"):
        op.create_index(f"ix_notices_{column}", "notices", [column])

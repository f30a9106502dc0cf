"""Which gates run on this store, and by which rules each decides."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "gates",
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in "host address instance version policy".split()
        ),
        *(sa.Column(name, sa.Integer, nullable=False) for name in "worker workers number serial".split()),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("host", "address", "worker", name="pk_gates"),
    )

"""Spent proofs, enrolment tokens and enrolled keys."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "spent_proofs",
        sa.Column("ticket", sa.LargeBinary, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("ticket", name="pk_spent_proofs"),
    )
    op.create_index("ix_spent_proofs_until", "spent_proofs", ["until"])
    op.create_table(
        "enrolment_tokens",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_enrolment_tokens"),
    )
    op.create_index("ix_enrolment_tokens_name", "enrolment_tokens", ["name"])
    op.create_index("ix_enrolment_tokens_expires_at", "enrolment_tokens", ["expires_at"])
    op.create_table(
        "enrolled_keys",
        sa.Column("thumbprint", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("reported_at", _INSTANT),
        sa.Column("revoked_at", _INSTANT),
        sa.PrimaryKeyConstraint("thumbprint", name="pk_enrolled_keys"),
    )
    for column in ("device", "token", "revoked_at"):
        op.create_index(f"ix_enrolled_keys_{column}", "enrolled_keys", [column])

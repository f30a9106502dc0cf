"""An index that leads to the mails about one rule, counts them by state, and pages through them."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    columns = ["version", "kind", "rule", "state", "address", "id"]
    op.create_index("ix_mailings_about", "mailings", columns)

"""Login names are found however they were written."""

from alembic import op

revision = "0014"
down_revision = "0012"

_LOGINS = {"sightings": "user", "enrolment_tokens": "owner", "enrolled_keys": "owner"}


def upgrade() -> None:
    collate = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for table, column in _LOGINS.items():
        op.execute(f'CREATE INDEX ix_{table}_login ON {table} (lower("{column}"{collate}))')

"""Versions that have groups of their own, whom each activation newly kept out, and an audit log that is only added to."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_REFUSED = "the audit log is only added to"


def upgrade() -> None:
    """Plans of before are bound by another digest: they have to be made again."""
    op.execute("DELETE FROM approvals")
    op.execute("DELETE FROM plans")
    op.add_column("policies", sa.Column("whole", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "kept_out",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_kept_out"),
        sa.ForeignKeyConstraint(["serial"], ["activations.serial"], "fk_kept_out_serial"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def _on_sqlite() -> None:
    """REPLACE deletes a row without asking a trigger for DELETE, but it asks those for INSERT first."""
    _refuse("audit_no_insert", "INSERT ON audit", "NEW.number IS NOT (SELECT number + 1 FROM audit_head)")
    _refuse("audit_head_no_insert", "INSERT ON audit_head", "EXISTS (SELECT 1 FROM audit_head)")
    _refuse("audit_head_no_update", "UPDATE ON audit_head", "NEW.number IS NOT OLD.number + 1")
    _refuse("audit_head_no_delete", "DELETE ON audit_head", "1")


def _refuse(name: str, act: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} WHEN {when} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END")


def _on_postgresql() -> None:
    """What refuses a change does so where triggers are off for a replica too."""
    _refusing("audit_follow", "NEW.number IS DISTINCT FROM (SELECT number + 1 FROM audit_head)")
    _refusing("audit_head_follow", "NEW.number IS DISTINCT FROM OLD.number + 1")
    op.execute(
        "CREATE TRIGGER audit_follows BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follow()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head "
        "FOR EACH ROW EXECUTE FUNCTION audit_head_follow()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_no_change")
    op.execute("ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays")


def _refusing(name: str, when: str) -> None:
    refuse = f"IF {when} THEN RAISE EXCEPTION '{_REFUSED}'; END IF"
    body = f"BEGIN {refuse}; RETURN NEW; END"
    op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")

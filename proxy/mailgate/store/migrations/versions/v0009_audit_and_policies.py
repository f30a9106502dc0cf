"""The audit log, the versions of the rules, and plans."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"

_INSTANT = sa.DateTime(timezone=True)
_ACTS = "number at who what about why origin details previous digest".split()


def upgrade() -> None:
    _audit()
    _append_only()
    _policies()


def _audit() -> None:
    op.create_table(
        "audit",
        *(
            sa.Column(name, sa.Integer if name == "number" else sa.Text, nullable=False, autoincrement=False)
            for name in _ACTS
        ),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"one": 1, "number": 0, "digest": ""}])


def _append_only() -> None:
    """The database itself refuses a change by accident; one on purpose is found by the chain."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("texts", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_policies"),
        sa.UniqueConstraint("digest", name="uq_policies_digest"),
    )
    op.create_index("ix_policies_policy", "policies", ["policy"])
    op.create_table(
        "activations",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_activations"),
        sa.ForeignKeyConstraint(["number"], ["policies.number"], "fk_activations_number"),
    )
    op.create_table(
        "plans",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("texts", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_plans"),
    )
    op.create_index("ix_plans_made_at", "plans", ["made_at"])

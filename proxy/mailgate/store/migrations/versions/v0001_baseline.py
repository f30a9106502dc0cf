"""Every table of the first release. ``schema.py`` describes them.

Every store begins with this step. It does not change after a release: later changes are further steps.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)
_LOGINS = {"sightings": "user", "enrolment_tokens": "owner", "enrolled_keys": "owner"}
"""Columns of login names, which are compared without case."""
_REFUSED = "the audit log is only added to"


def upgrade() -> None:
    _devices()
    _traffic()
    _rules()
    _mails()
    _keys()
    _gates()
    for table, column in _LOGINS.items():
        _login(table, column)
    _numbers()
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _counter(table: str) -> None:
    op.create_table(
        table,
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name=f"pk_{table}"),
    )


def _columns(kind: Any, names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names.split()]


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _login(table: str, column: str) -> None:
    collate = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f'CREATE INDEX ix_{table}_login ON {table} (lower("{column}"{collate}))')


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("key", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("lost_at", _INSTANT),
        *_columns(_INSTANT, "first_seen last_seen"),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_devices"),
        sa.UniqueConstraint("id", name="uq_devices_id"),
    )
    op.create_index("ix_devices_changed", "devices", ["changed"])
    op.create_index("ix_devices_last_seen", "devices", ["last_seen"])
    op.create_table(
        "reports",
        *_columns(sa.Text, "id source"),
        sa.Column("device", _NUMBER, nullable=False),
        *_columns(sa.Text, "owner person"),
        sa.Column("kind", sa.Text),
        *_columns(sa.Text, "os os_version"),
        sa.Column("managed", sa.Boolean),
        *_columns(sa.Text, "status apps"),
        sa.Column("apps_complete", sa.Boolean),
        sa.Column("reported_at", _INSTANT),
        sa.Column("looked_from", _INSTANT),
        sa.Column("expires_at", _INSTANT),
        *_columns(sa.Boolean, "gone handed"),
        sa.Column("names", sa.Text, nullable=False),
        *_columns(_INSTANT, "first_seen last_seen"),
        sa.PrimaryKeyConstraint("id", "source", name="pk_reports"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_reports_device", ondelete="CASCADE"),
    )
    op.create_index("ix_reports_device", "reports", ["device"])
    _partial("ix_reports_person", "reports", ["person"], "person <> ''")
    op.create_table(
        "device_names",
        *_columns(sa.Text, "kind name"),
        sa.Column("device", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_device_names"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_names_device", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_names_device", "device_names", ["device"])
    op.create_table(
        "device_findings",
        sa.Column("device", _NUMBER, nullable=False),
        *_columns(sa.Text, "reason about detail"),
        sa.Column("since", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("device", "reason", "about", name="pk_device_findings"),
        sa.ForeignKeyConstraint(["device"], ["devices.key"], "fk_device_findings_device", ondelete="CASCADE"),
    )
    op.create_index("ix_device_findings_about", "device_findings", ["about"])
    _counter("device_changes")
    _counter("device_row_changes")
    op.create_table(
        "device_rows",
        sa.Column("device", _NUMBER, nullable=False, autoincrement=False),
        *_columns(sa.Text, "person kind os os_version source state mail apps blocked_by groups"),
        sa.Column("reported_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["device"], ["devices.key"], name="fk_device_rows_device_devices", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device", name="pk_device_rows"),
    )
    for name in ("person", "kind", "os", "source", "state", "mail", "apps", "blocked_by", "reported_at"):
        op.create_index(f"ix_device_rows_{name}", "device_rows", [name, "device"])
    op.create_table(
        "app_counts",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        *_columns(sa.Integer, "people devices kept_out_people kept_out_devices"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("day", "app", name="pk_app_counts"),
    )
    op.create_table(
        "forgotten_devices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forgotten_devices"),
    )
    op.create_index("ix_forgotten_devices_changed", "forgotten_devices", ["changed"])


def _traffic() -> None:
    op.create_table(
        "clients",
        *_columns(sa.Text, "id kind"),
        sa.Column("handheld", sa.Boolean, nullable=False),
        *_columns(sa.Text, "assurance form os browser protocol eas_id method target headers"),
        sa.Column("proofs", sa.Text),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_index("ix_clients_eas_id", "clients", ["eas_id"])
    op.create_index("ix_clients_last_at", "clients", ["last_at"])
    op.create_table(
        "sightings",
        *_columns(sa.Text, "id client"),
        sa.Column("day", sa.Date, nullable=False),
        *_columns(sa.Text, "device posture user rule effect reason would policy"),
        sa.Column("count", sa.BigInteger, nullable=False),
        *_columns(_INSTANT, "first_at last_at"),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
        sa.ForeignKeyConstraint(["client"], ["clients.id"], "fk_sightings_client"),
    )
    op.create_index("ix_sightings_client", "sightings", ["client"])
    op.create_index("ix_sightings_device", "sightings", ["device"])
    op.create_index("ix_sightings_last_at", "sightings", ["last_at"])
    op.create_index("ix_sightings_reference", "sightings", ["reference"])
    op.create_index("ix_sightings_rule_last_at", "sightings", ["rule", "last_at"])
    op.create_index("ix_sightings_user", "sightings", ["user"])
    op.create_table(
        "languages",
        *_columns(sa.Text, "person tag"),
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_languages"),
    )
    op.create_index("ix_languages_day", "languages", ["day"])
    op.create_table(
        "help_requests",
        *_columns(sa.Text, "rule subject person device reason reference policy"),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        *_columns(_INSTANT, "first_at last_at"),
        sa.Column("replied_at", _INSTANT),
        sa.Column("done_at", _INSTANT),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject", name="pk_help_requests"),
    )
    for name in ("last_at", "person", "device", "reference"):
        op.create_index(f"ix_help_requests_{name}", "help_requests", [name])
    _partial("ix_help_requests_open", "help_requests", ["rule", "last_at"], "done_at IS NULL")
    op.create_table(
        "help_references",
        *_columns(sa.Text, "reference sighting"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_help_references"),
    )
    for name in ("sighting", "at"):
        op.create_index(f"ix_help_references_{name}", "help_references", [name])


def _rules() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Text, "at who what about why origin details previous digest"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_who_number", "audit", ["who", "number"])
    op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_audit_head"),
    )
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Text, "digest policy texts author note"),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_policies"),
        sa.UniqueConstraint("digest", name="uq_policies_digest"),
    )
    op.create_index("ix_policies_policy", "policies", ["policy"])
    op.create_table(
        "first_refusals",
        *_columns(sa.Text, "policy subject person device rule"),
        sa.Column("hour", _INSTANT, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("policy", "subject", name="pk_first_refusals"),
    )
    for name in ("person", "device", "hour"):
        op.create_index(f"ix_first_refusals_{name}", "first_refusals", [name])
    op.create_index("ix_first_refusals_policy_sort_hour", "first_refusals", ["policy", "sort", "hour"])
    op.create_table(
        "verdict_counts",
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        *_columns(sa.Text, "effect kind rule reason"),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("span", "at", "effect", "kind", "rule", "reason", name="pk_verdict_counts"),
    )
    op.create_table(
        "drafts",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        *_columns(sa.Text, "edit title author"),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_drafts"),
        sa.ForeignKeyConstraint(["base"], ["policies.number"], "fk_drafts_base"),
    )
    op.create_index("ix_drafts_made_at", "drafts", ["made_at"])
    op.create_table(
        "plans",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        *_columns(sa.Text, "candidate policy texts body author"),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("movers", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_plans"),
    )
    op.create_index("ix_plans_made_at", "plans", ["made_at"])
    op.create_table(
        "plan_movers",
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Text, "person device kind system groups state apps"),
        *_columns(sa.Text, "label before before_rule effect rule reason"),
        *_columns(sa.Integer, "since until"),
        sa.PrimaryKeyConstraint("plan", "number", name="pk_plan_movers"),
        sa.ForeignKeyConstraint(["plan"], ["plans.digest"], "fk_plan_movers_plan", ondelete="CASCADE"),
    )
    op.create_index("ix_plan_movers_device", "plan_movers", ["device"])
    for name in ("person", "kind", "label", "rule"):
        op.create_index(f"ix_plan_movers_{name}_in_plan", "plan_movers", ["plan", name, "number"])
    op.create_table(
        "approvals",
        *_columns(sa.Text, "plan who note"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("plan", "who", name="pk_approvals"),
        sa.ForeignKeyConstraint(["plan"], ["plans.digest"], "fk_approvals_plan", ondelete="CASCADE"),
    )
    op.create_table(
        "activations",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        *_columns(sa.Text, "author note"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_activations"),
        sa.ForeignKeyConstraint(["number"], ["policies.number"], "fk_activations_number"),
    )
    op.create_table(
        "kept_out",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Integer, "people devices"),
        sa.PrimaryKeyConstraint("serial", name="pk_kept_out"),
        sa.ForeignKeyConstraint(["serial"], ["activations.serial"], "fk_kept_out_serial"),
    )
    op.create_table(
        "reliefs",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Text, "cause rule why author"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT),
        *_columns(sa.Text, "person device"),
        sa.Column("ended_at", _INSTANT),
        *_columns(sa.Text, "ended_by ended_why"),
        sa.PrimaryKeyConstraint("number", name="pk_reliefs"),
    )
    _counter("relief_changes")
    op.create_table(
        "retractions",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        *_columns(sa.Text, "versions serials policies"),
        sa.Column("looked_at", _INSTANT),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_retractions"),
        sa.ForeignKeyConstraint(["serial"], ["activations.serial"], "fk_retractions_serial"),
    )


def _mails() -> None:
    op.create_table(
        "quarantine_mails",
        *_columns(sa.Text, "person device reason"),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("person", "device", "reason", name="pk_quarantine_mails"),
    )
    op.create_index("ix_quarantine_mails_device", "quarantine_mails", ["device"])
    op.create_index("ix_quarantine_mails_written_at", "quarantine_mails", ["written_at"])
    op.create_table(
        "mails",
        *_columns(sa.Text, "id address login rule"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("notice", sa.Text),
        sa.Column("about", sa.Text, nullable=False),
        *_columns(sa.Text, "state holder"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        *_columns(_INSTANT, "queued_at due_at"),
        sa.Column("until", _INSTANT),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
    )
    op.create_index("ix_mails_about", "mails", ["version", "kind", "rule", "state", "address", "id"])
    op.create_index(
        "ix_mails_address_rule_version_kind_round",
        "mails",
        ["address", "rule", "version", "kind", "round"],
        unique=True,
    )
    op.create_index("ix_mails_changed_at", "mails", ["changed_at"])
    op.create_index("ix_mails_login", "mails", ["login"])
    op.create_index("ix_mails_state_due_at", "mails", ["state", "due_at"])


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "number", name="pk_keys"),
    )
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
        *_columns(sa.Text, "name owner note"),
        sa.Column("uses_left", sa.Integer, nullable=False),
        *_columns(_INSTANT, "made_at expires_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_enrolment_tokens"),
    )
    op.create_index("ix_enrolment_tokens_expires_at", "enrolment_tokens", ["expires_at"])
    op.create_index("ix_enrolment_tokens_made_at", "enrolment_tokens", ["made_at"])
    op.create_index("ix_enrolment_tokens_name", "enrolment_tokens", ["name"])
    op.create_table(
        "enrolled_keys",
        *_columns(sa.Text, "thumbprint device owner token"),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("reported_at", _INSTANT),
        sa.Column("revoked_at", _INSTANT),
        sa.PrimaryKeyConstraint("thumbprint", name="pk_enrolled_keys"),
    )
    op.create_index("ix_enrolled_keys_device", "enrolled_keys", ["device"])
    op.create_index("ix_enrolled_keys_revoked_at", "enrolled_keys", ["revoked_at"])
    op.create_index("ix_enrolled_keys_token", "enrolled_keys", ["token"])


def _gates() -> None:
    op.create_table(
        "connectors",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last_attempt", _INSTANT),
        sa.Column("last_success", _INSTANT),
        sa.Column("last_full", _INSTANT),
        sa.Column("failing_since", _INSTANT),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("trouble_since", _INSTANT),
        sa.Column("running_since", _INSTANT),
        sa.Column("retrying", sa.Text, nullable=False),
        sa.Column("retry_at", _INSTANT),
        sa.Column("cursor", _INSTANT),
        sa.Column("listed", sa.Text, nullable=False),
        *_columns(sa.BigInteger, "devices taken gone held narrowed"),
        sa.Column("narrows_at", _INSTANT),
        sa.PrimaryKeyConstraint("name", name="pk_connectors"),
    )
    op.create_table(
        "leases",
        *_columns(sa.Text, "name holder"),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "gates",
        *_columns(sa.Text, "host address"),
        sa.Column("worker", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("workers", sa.Integer, nullable=False),
        *_columns(sa.Text, "instance version policy"),
        *_columns(sa.Integer, "number serial"),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("heard_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("host", "address", "worker", name="pk_gates"),
    )


def _numbers() -> None:
    """Insert the rows that always exist: the counters, and the head of an empty log."""
    op.execute("INSERT INTO device_changes (one, number) VALUES (1, 1)")
    op.execute("INSERT INTO device_row_changes (one, number) VALUES (1, 0)")
    op.execute("INSERT INTO relief_changes (one, number) VALUES (1, 0)")
    op.execute("INSERT INTO audit_head (one, number, digest) VALUES (1, 0, '')")


def _refuse_on_sqlite() -> None:
    """Let the database refuse accidental changes of the log. Changes on purpose are found by the chain.

    REPLACE deletes a row without asking a trigger for DELETE, but it asks those for INSERT first.
    """
    _refuse("audit_no_insert", "INSERT ON audit", "NEW.number IS NOT (SELECT number + 1 FROM audit_head)")
    _refuse("audit_no_update", "UPDATE ON audit", "1")
    _refuse("audit_no_delete", "DELETE ON audit", "1")
    _refuse("audit_head_no_insert", "INSERT ON audit_head", "EXISTS (SELECT 1 FROM audit_head)")
    _refuse("audit_head_no_update", "UPDATE ON audit_head", "NEW.number IS NOT OLD.number + 1")
    _refuse("audit_head_no_delete", "DELETE ON audit_head", "1")


def _refuse(name: str, act: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} WHEN {when} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END")


def _refuse_on_postgresql() -> None:
    """The same on PostgreSQL. The triggers also work on a replica, where ordinary ones are off."""
    _function("audit_refuse", f"RAISE EXCEPTION '{_REFUSED}'")
    _function("audit_follow", _unless("NEW.number IS DISTINCT FROM (SELECT number + 1 FROM audit_head)"))
    _function("audit_head_follow", _unless("NEW.number IS DISTINCT FROM OLD.number + 1"))
    _trigger("audit_no_change", "UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT", "audit_refuse")
    _trigger("audit_follows", "INSERT ON audit FOR EACH ROW", "audit_follow")
    _trigger("audit_head_follows", "UPDATE ON audit_head FOR EACH ROW", "audit_head_follow")
    _trigger("audit_head_stays", "DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT", "audit_refuse")
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_no_change")
    op.execute("ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays")


def _unless(wrong: str) -> str:
    return f"IF {wrong} THEN RAISE EXCEPTION '{_REFUSED}'; END IF; RETURN NEW"


def _function(name: str, body: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$"
    )


def _trigger(name: str, act: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} EXECUTE FUNCTION {function}()")

"""Every table of the first release, the rows that always exist, and the rules of the audit log that the database keeps itself.

Every store begins with this step. Until the first release the tables are those of ``schema.py`` as it is today; that release
freezes them: ``tests/golden/test_schema.py`` says how. Later changes are further steps.
"""

from alembic import op

from mailgate.store.schema import metadata

revision = "0001"
down_revision = None

_REFUSED = "the audit log is only added to"


def upgrade() -> None:
    context = op.get_context()
    for table in metadata.sorted_tables:
        context.impl.create_table(table)
    _numbers()
    if context.dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _numbers() -> None:
    op.execute("INSERT INTO device_changes (one, number) VALUES (1, 1)")
    op.execute("INSERT INTO device_row_changes (one, number) VALUES (1, 0)")
    op.execute("INSERT INTO phone_changes (one, number) VALUES (1, 0)")
    op.execute("INSERT INTO relief_changes (one, number) VALUES (1, 0)")
    op.execute("INSERT INTO audit_head (one, number, digest) VALUES (1, 0, '')")


def _refuse_on_sqlite() -> None:
    """Let the database refuse accidental changes of the log. REPLACE asks no trigger for DELETE, but those for INSERT first."""
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

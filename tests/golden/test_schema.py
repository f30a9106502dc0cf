"""The recorded first step of every store, as the SQL of both databases: what a released step built, it builds for ever.

Until 0.1.0 is released there is no store that has to be upgraded, so a change of ``store/schema.py`` only writes the record anew:
``python -m tests.golden.test_schema``. After that the record stays as it is, and this test fails at the first change of the schema.
Then let ``v0001_baseline`` execute the recorded statements in place of reading ``schema.py`` (move the two files beside it and read
them from there, here too), and make the change in a further step.
"""

import io
import sys
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, MetaData, Table, Text

from mailgate.store.migrations.versions import v0001_baseline

HERE = Path(__file__).parent / "schema"
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
DATABASES = ("postgresql", "sqlite")


def built_on(database: str) -> str:
    """The statements of the first step. Indexes are sorted, since a table has them in no order."""
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=database, opts={"as_sql": True, "output_buffer": buffer}
    )
    with Operations.context(context):
        v0001_baseline.upgrade()
    statements = [each.strip() for each in buffer.getvalue().split(";\n\n") if each.strip()]
    lines = ["\n".join(line.rstrip() for line in each.split("\n")) for each in statements]
    return "".join(f"{each};\n\n" for each in sorted(lines, key=_place))


def _place(statement: str) -> tuple[int, str]:
    if statement.startswith("CREATE TABLE"):
        return 0, ""  # in the order of their foreign keys
    return (1, statement) if statement.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")) else (2, "")


def is_released(changelog: str) -> bool:
    return "## [0.1.0] - unreleased" not in changelog


def record(changelog: str) -> None:
    """Write what the first step builds now. Ends the program if stores of a release have that step."""
    if is_released(changelog):
        sys.exit("0.1.0 is released, and stores have its first step: change the schema by a further step")
    for database in DATABASES:
        (HERE / f"{database}.sql").write_text(built_on(database), "utf-8")


@pytest.mark.parametrize("database", DATABASES)
def test_the_first_step_builds_what_was_recorded(database: str) -> None:
    recorded = (HERE / f"{database}.sql").read_text("utf-8")
    assert built_on(database) == recorded, sys.modules[__name__].__doc__


@pytest.mark.parametrize("database", DATABASES)
def test_a_change_of_the_schema_shows_in_the_record(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = MetaData(naming_convention=v0001_baseline.metadata.naming_convention)
    for table in v0001_baseline.metadata.sorted_tables:
        table.to_metadata(changed)
    Table("gates", changed, Column("country", Text), extend_existing=True)
    before = built_on(database)
    monkeypatch.setattr(v0001_baseline, "metadata", changed)
    assert set(built_on(database).splitlines()) - set(before.splitlines()) == {"    country TEXT,"}


def test_the_record_of_a_release_is_not_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "HERE", tmp_path)
    with pytest.raises(SystemExit, match="change the schema by a further step"):
        record("## [0.2.0] - unreleased\n\n## [0.1.0] - 2027-01-04\n")
    assert not list(tmp_path.iterdir())
    record("## [0.1.0] - unreleased\n")
    assert {path.stem for path in tmp_path.iterdir()} == set(DATABASES)


if __name__ == "__main__":
    record(CHANGELOG.read_text("utf-8"))

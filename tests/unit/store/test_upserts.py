"""An upsert is one statement on every database that the store knows."""

from types import SimpleNamespace

import pytest
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from mailgate.store.upserts import upsert

TABLE = Table("apps", MetaData(), Column("id", Text, primary_key=True), Column("name", Text))


@pytest.mark.parametrize(
    "dialect", [sqlite.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name
)
def test_both_databases_spell_it_alike(dialect) -> None:
    statement = upsert(SimpleNamespace(dialect=dialect), TABLE).values(id="tiktok", name="TikTok")
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"name": statement.excluded.name})
    sql = " ".join(str(statement.compile(dialect=dialect)).split())
    assert sql.startswith("INSERT INTO apps (id, name) VALUES (")
    assert sql.endswith("ON CONFLICT (id) DO UPDATE SET name = excluded.name")

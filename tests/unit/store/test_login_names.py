"""Login names in the database, compared without case."""

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from mailgate.store import Store
from mailgate.store.address import store_url
from mailgate.store.database import Database
from mailgate.store.login_names import is_login
from mailgate.store.schema import enrolled_keys, enrolment_tokens, sightings


def test_each_database_lowers_ascii_letters_alone() -> None:
    asked = is_login(sightings.c.user, "Ada")
    on_postgresql = str(asked.compile(dialect=postgresql.dialect()))
    assert on_postgresql.startswith('lower(sightings."user" COLLATE "C") = ')
    assert str(asked.compile(dialect=sqlite.dialect())).startswith("lower(sightings.user) = ")
    assert list(asked.compile().params.values()) == ["ada"]


async def test_a_name_is_looked_up_in_an_index(store: Store, url: str) -> None:
    database = Database(store_url(url))
    sort = "QUERY PLAN" if url.startswith("sqlite") else ""
    async with database.reading() as connection:
        if not sort:
            await connection.execute(
                text("SET enable_seqscan = off")
            )  # a table of no rows would be read whole
        for column in (sightings.c.user, enrolment_tokens.c.owner, enrolled_keys.c.owner):
            asked = is_login(column, "ada").compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            query = f"EXPLAIN {sort} SELECT 1 FROM {column.table.name} WHERE {asked}"
            plan = str((await connection.execute(text(query))).all())
            assert f"ix_{column.table.name}_login" in plan
    await database.close()

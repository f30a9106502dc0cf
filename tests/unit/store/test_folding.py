"""The database folds names as the gate does."""

import pytest
from sqlalchemy import literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from tests.unit.store.examples import NOW

from mailgate.devices.names import folded
from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.database import Database
from mailgate.store.folding import Folded, is_login
from mailgate.store.migrate import store_url
from mailgate.store.schema import enrolled_keys, enrolment_tokens, sightings

NAMES = (
    "ada", "Ada_Byron-Lovelace X", "MÜLLER", "mu\u0308ller", "Straße", "ÇELİK", "Øre", "ŁUKASZ", "ÆRØ", "Иван Й", "ΆΛΦΑΣ",
    "ﬁn", "ñandú", "日本", "%_'\\",
)  # fmt: skip


async def test_the_database_folds_names_as_the_gate_does(store: Store) -> None:
    async with store.search._database.reading() as connection:
        made = [await connection.scalar(select(Folded(literal(name)))) for name in NAMES]
    assert made == [folded(name) for name in NAMES]


@pytest.mark.parametrize("part", ["muller", "MÜLLER", "Thomas Mu", "s-m", "s_mü"])
async def test_a_part_of_a_name_is_found_without_case_and_accents(store: Store, part: str) -> None:
    await store.devices.ingest([report_by("mdm", "1", "thomas.müller"), report_by("mdm", "2", "ada")], NOW)
    assert (await store.search.people_with(part, 9)).rows == ["thomas.müller"]


@pytest.mark.parametrize("part", ["-", "_", " ", "."])
async def test_a_sign_alone_is_in_nobodys_name(store: Store, part: str) -> None:
    await store.devices.ingest([report_by("mdm", "1", "thomas.müller")], NOW)
    assert (await store.search.people_with(part, 9)).rows == []


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

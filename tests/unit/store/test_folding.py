"""The database folds names as the gate does."""

import pytest
from sqlalchemy import literal, select
from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.devices.typed_text import folded
from mailgate.store import Store
from mailgate.store.folding import Folded

NAMES = (
    "ada", "Ada_Byron-Lovelace X", "MÜLLER", "mu\u0308ller", "Straße", "ÇELİK", "Øre", "ŁUKASZ", "ÆRØ", "Иван Й", "ΆΛΦΑΣ",
    "ﬁn", "ñandú", "日本", "%_'\\",
)  # fmt: skip


async def test_it_folds_names_as_the_gate_does(store: Store) -> None:
    async with store.search._database.reading() as connection:
        made = [await connection.scalar(select(Folded(literal(name)))) for name in NAMES]
    assert made == [folded(name) for name in NAMES]


@pytest.mark.parametrize("part", ["muller", "MÜLLER", "Thomas Mu", "s-m", "s_mü"])
async def test_a_part_of_a_name_is_found_without_case_and_accents(store: Store, part: str) -> None:
    await store.devices.ingest([report_by("mdm", "1", "thomas.müller"), report_by("mdm", "2", "ada")], NOW)
    assert (await store.search.people_with(part, 9)).names == ("thomas.müller",)


@pytest.mark.parametrize("part", ["-", "_", " ", "."])
async def test_a_sign_alone_is_in_nobodys_name(store: Store, part: str) -> None:
    await store.devices.ingest([report_by("mdm", "1", "thomas.müller")], NOW)
    assert (await store.search.people_with(part, 9)).names == ()

"""Whom a plan moves, by name."""

import csv
import io
import json

from tests.unit.console.api.calling import Caller
from tests.unit.console.api.planning import guarded as guarded
from tests.unit.console.api.planning import planned
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.phones import has, record


async def test_movers_are_listed_page_by_page_and_as_csv(ada: Caller, firm: Company) -> None:
    await has(firm, record("c1", "cy"), record("d1", "dora"))
    digest = await planned(ada, firm)
    told = (await ada.get(f"/plans/{digest}/people?sort=person&order=descending&limit=2&label=block")).body
    assert [each["person"] for each in told["items"]] == ["dora", "cy"]
    assert (told["total"], told["people"], told["whole"], len(told["moments"])) == (3, 3, True, 1)
    (last,) = (
        await ada.get(f"/plans/{digest}/people?sort=person&order=descending&after={told['next']}")
    ).body["items"]
    assert (last["person"], last["without"], last["then"], last["rule"]) == (
        "bob",
        "allow",
        "block",
        "nobody",
    )
    assert (await ada.get(f"/plans/{digest}/people?group=nobody")).body["items"] == []
    sheet = await ada.get(f"/plans/{digest}/people.csv?name=cy")
    assert [row[0] for row in csv.reader(io.StringIO(sheet.body.removeprefix("\ufeff")))] == ["person", "cy"]
    await firm.store.personal.forget("bob", NOW)
    assert "bob" not in json.dumps((await ada.get(f"/plans/{digest}/people")).body)

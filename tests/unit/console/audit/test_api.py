"""The audit log."""

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.unit.console.api.calling import Caller
from tests.unit.console.audit.test_page import LOOKS
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic

from mailgate.console.audit.facts import COLUMNS, line_of
from mailgate.store import Act


async def filled(firm: Company) -> None:
    for each in range(5):
        await firm.store.audit.append(Act(NOW, "ada" if each % 2 else "lin", "device-lost", f"device {each}"))


async def test_pages_lead_back_to_the_first_entry(vic: Caller, firm: Company) -> None:
    await filled(firm)
    found, after = [], ""
    while True:
        told = (await vic.get(f"/audit?limit=2{after}")).body
        found += [each["number"] for each in told["items"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert found == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("who=ada", [5, 3]),
        ("sought=policy-", [1]),
        ("sought=device%204", [6]),
        ("who=eve", []),
        ("since=2026-12-01&until=2026-12-01&who=ada", [5, 3]),
        ("until=2026-11-30", []),
        ("since=2026-12-02", []),
    ],
)
async def test_entries_are_found_by_who_and_what(
    vic: Caller, firm: Company, query: str, numbers: list[int]
) -> None:
    await filled(firm)
    assert [each["number"] for each in (await vic.get(f"/audit?{query}")).body["items"]] == numbers


async def test_pages_of_a_time_end_with_it(vic: Caller, firm: Company) -> None:
    await filled(firm)
    late = NOW + timedelta(days=1)
    await firm.store.audit.append(Act(late, "ada", "device-lost", "device 9"))
    first = (await vic.get("/audit?until=2026-12-01&limit=4")).body
    rest = (await vic.get(f"/audit?until=2026-12-01&limit=4&after={first['next']}")).body
    assert [each["number"] for told in (first, rest) for each in told["items"]] == [6, 5, 4, 3, 2, 1]
    assert (await vic.get("/audit?since=soon")).status == 422


async def test_all_of_it_is_exported_as_it_is_hashed(vic: Caller, firm: Company) -> None:
    await filled(firm)
    lines = await vic.get("/audit/export.jsonl")
    entries = await firm.store.audit.page()
    assert lines.headers["Content-Type"] == "application/jsonl"
    assert lines.body.splitlines(keepends=True) == [line_of(each) for each in entries]
    listed = (await vic.get("/audit")).body["items"]
    assert [json.loads(line) for line in reversed(lines.body.splitlines())] == listed
    sheet = await vic.get("/audit/export.csv")
    assert "mailgate-audit.csv" in sheet.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(sheet.body.removeprefix("\ufeff"))))
    assert (tuple(rows[0]), len(rows)) == (COLUMNS, 7)


async def test_an_edit_is_found(vic: Caller, firm: Company) -> None:
    await filled(firm)
    told = (await vic.get("/audit/verification")).body
    assert (told["whole"], told["breaks"], told["head"]["number"]) == (True, [], 6)
    async with firm.store._database.writing() as connection:
        triggers = await connection.execute(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
        for name in list(triggers.scalars()):
            await connection.execute(text(f"DROP TRIGGER {name}"))
        await connection.execute(text("UPDATE audit SET who = 'eve' WHERE number = 3"))
    told = (await vic.get("/audit/verification")).body
    assert (told["whole"], told["breaks"][0]["number"]) == (False, 3)


async def test_looks_are_listed_a_page_at_a_time_with_all_that_is_kept_of_them(
    vic: Caller, firm: Company
) -> None:
    for look in LOOKS:
        firm.store.look_queue.note(look)
    await firm.store.look_queue.flush()
    first = (await vic.get("/looks?limit=1")).body
    assert first["items"] == [
        {
            "at": NOW.isoformat(),
            "who": "lin",
            "roles": "operator",
            "origin": "console at gate-1",
            "what": "people",
            "person": "bo",
            "device": "",
            "sought": "",
            "number": None,
        }
    ]
    rest = (await vic.get(f"/looks?limit=9&after={first['next']}")).body
    assert ([each["number"] for each in rest["items"]], rest["next"]) == ([1713], None)
    told = (await vic.get("/looks?who=vic&whom=bo")).body
    assert told["items"] == []
    assert (await vic.get("/looks?since=2026-12-01&until=2026-11-01")).body["items"] == []

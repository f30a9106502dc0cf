"""Whom pages and operations show, in a company full of people: whatever shows one is on record before it is read, and a role without
names sees none."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import delete
from tests.admins import token
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, ORIGIN, Browser, Company, browsing, serving
from tests.unit.console.drafted import planned
from tests.unit.console.drafted import written as put_on_disk
from tests.unit.console.now.test_traffic import text as verdicts
from tests.unit.console.phones import asks, has, record
from tests.unit.console.written_mails import written
from tests.unit.store.outage import cut_off
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser
from typer.main import get_command

from mailgate.cli import app
from mailgate.console.api.operation import Operation
from mailgate.console.api.site import OPERATIONS, with_api
from mailgate.console.connectors.reading import SourceReading
from mailgate.console.devices.rows import catch_up
from mailgate.console.looks import COMMANDS, MAX_SOUGHT, Shows, shown_by
from mailgate.console.looks import PAGES as PAGES_IN_TABLE
from mailgate.console.site import ROUTES, with_console
from mailgate.console.toasts import Toast
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import break_glass, exempt
from mailgate.store import EnrolmentToken, HelpRequest
from mailgate.store.enrolments import digest_of
from mailgate.store.looks import DataLook
from mailgate.store.schema import looks as kept_looks

ALICE, BO = "alice.aldous", "bo.borgia"
WORDS = "my daughter is at the hospital"
EMPLOYEES = re.compile(rf"aldous|borgia|{WORDS}|serial-[ab]1|LT-0001", re.IGNORECASE)
ADMINS = re.compile(r"\b(lin|ada|grace)\b|call me|too many")
PAGES = {
    (each.kwargs["name"], each.path)
    for each in ROUTES
    if isinstance(each, web.RouteDef) and each.method == "GET" and "name" in each.kwargs
} - {("now-stream", "/now/stream")}
ASKED = {
    "notices-html": f"?rule=prohibited-app&person={ALICE}",
    "people": f"?login={ALICE}",
    "find": "?q=o",
    "policy-diff": "?old=1&new=2",
    "explain": "?reference=REF2345",
    **dict.fromkeys(("notices-one", "get_notice", "preview_notice"), "?rule=prohibited-app"),
    "list_mails": "?rule=prohibited-app&state=queued",
    "compare_versions": "?old=1&new=2",
    "find_anything": f"?text={ALICE}",
}
NOT_THERE = {
    **dict.fromkeys(("asset", "login-oidc", "login-oidc-back", "policy-rolled-back"), 404),
    "get_plan_outcome": 409,
}
"""Pages and operations that are not there without more, with their status."""
NOBODY_HERE = set(
    """apps-one audit audit-export looks notices-html policy-plan policy-plan-apply policy-plan-approve policy-plan-movers
    policy-plan-watch export_lines export_sheet get_fleet get_movers_csv get_plan list_entries list_looks list_movers list_shut_out
    preview_notice""".split()
)
"""What may show people, but none of this company."""


@pytest.fixture(autouse=True)
def law() -> None:
    """The texts of these pages are looked at elsewhere (``conftest.py``)."""


@dataclass
class Filled:
    """The company and what its addresses may name."""

    firm: Company
    path: str
    parts: Mapping[str, str]

    def address(self, name: str, path: str) -> str:
        whose = {"digest": self.parts["draft" if "draft" in path else "plan"]}
        whose |= {"kind": "csv"} if "audit" in path else {}
        filled = re.sub(
            r"\{(\w+)(?::(?:[^{}]|\{[^}]*\})*)?\}",
            lambda found: (self.parts | whose).get(found[1], "1"),
            path,
        )
        return filled + ASKED.get(name, "")

    async def looks(self) -> list[DataLook]:
        await self.firm.store.look_queue.flush()
        return await self.firm.store.looks.page(1000)

    async def new_looks(self) -> list[DataLook]:
        """Those since the last time."""
        found = await self.looks()
        await self.firm.store.looks._change(delete(kept_looks))
        return found


@pytest.fixture
async def full(firm: Company, tmp_path: Path) -> AsyncIterator[Filled]:
    """A store with people in every table that pages read, and a server of console and API."""
    await put_on_disk(firm)
    store, lin, until = firm.store, Person("lin", "here"), NOW + timedelta(hours=3)
    phone, _ = await has(firm, record("a1", ALICE, "tiktok", "wechat"), record("b1", BO, "wechat"))
    await asks(firm, phone, ALICE)
    await catch_up(store, firm.bundle, NOW)
    await firm.context.counting.count_if_due()
    firm.context.verdict_rates.note({0: verdicts(3, 4)}, NOW)
    rule, known = "prohibited-app", {"words": WORDS}
    asked = HelpRequest(rule, ALICE, ALICE, phone.id, rule, "REF2345", "p", True, 1, NOW, NOW, **known)  # type: ignore[arg-type]
    await store.help_requests.note(asked)
    await exempt(store, firm.bundle.policy, lin, "call me", NOW, rule="all", until=until, person=BO)
    await break_glass(store, firm.bundle.policy, lin, "too many", NOW, rule="prohibited-app", until=until)
    await firm.catch_up()
    await store.enrolments.add(digest_of("t"), EnrolmentToken("t-1", ALICE, "", 1, NOW, until))
    await store.enrolments.take([a_browser("borgia", NOW, owner=ALICE, machine="LT-0001")])
    await read_mail(store, BO, NOW)
    await written(firm, ALICE)
    firm.context.readings.last["jamf-file"] = SourceReading("lin", NOW)
    firm.ready["rules"] = firm.ready["rules"] | {"off": [f"prohibited-app: lin, for {BO}"]}
    admin = with_api(with_console(web.Application(), firm.context), firm.context)
    async with serving(admin, tmp_path) as path, browsing(path) as browser:
        await browser.log_in("lin")
        change = {"change": "join-list", "app": "wechat", "list": "prohibited"}
        draft = (await browser.post("/console/policy/drafts", **change)).path.rpartition("/")[2]
        made = await planned(firm)
        parts = {
            "draft": draft.partition("?")[0], "plan": made, "id": phone.id, "device": phone.id, "login": ALICE, "name": "1",
            "version": "1", "kind": "enforced", "rule": "prohibited-app", "key": "tiktok", "serial": "1",
            "thumbprint": "key-borgia", "sighting": (await store.sightings.latest(user=ALICE))[0].id,
        }  # fmt: skip
        yield Filled(firm, path, parts)


async def reader(stack: AsyncExitStack, full: Filled, name: str) -> tuple[Browser, Caller]:
    browser = await stack.enter_async_context(browsing(full.path))
    await browser.log_in(name)
    session = aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(full.path), cookie_jar=aiohttp.DummyCookieJar()
    )
    return browser, Caller(await stack.enter_async_context(session), token(name))


def reads(operation: Operation) -> bool:
    return operation.method == "GET" or operation.name == "explain_request"


NAMED = {each.kwargs.get("name", "") for each in ROUTES if isinstance(each, web.RouteDef)} | {"asset"}
SAID = {name: shown_by(name) for name in NAMED.union(each.name for each in OPERATIONS)}
NUMBERS = {name for name, shows in SAID.items() if shows in (Shows.NUMBERS, Shows.NAMES_TO_ROLES)}
SHOWS_NOBODY = {name for name, shows in SAID.items() if shows in (Shows.NUMBERS, Shows.ADMINS)}


def test_every_name_in_a_table_is_one_of_a_page_or_a_command() -> None:
    assert PAGES_IN_TABLE.keys() <= NAMED
    assert set(commands()) >= COMMANDS


def test_a_page_of_an_operation_shows_whom_the_operation_shows() -> None:
    assert {each.name for each in OPERATIONS if each.page and each.page_name in PAGES_IN_TABLE} == set()
    assert [
        each.name for each in OPERATIONS if each.page and shown_by(each.page_name) is not each.shows
    ] == []


def test_a_command_that_says_nothing_shows_people() -> None:
    assert shown_by("nothing-of-this-name") is Shows.PEOPLE


def commands(group: Any = None, before: str = "") -> Iterator[str]:
    """The names of all commands."""
    group = group or get_command(app)
    for name, each in group.commands.items():
        yield f"{before}{name}"
        yield from commands(each, f"{before}{name} ") if hasattr(each, "commands") else ()


async def answers(full: Filled, name: str) -> dict[str, tuple[int, str, list[DataLook]]]:
    """The status and text of every page and reading operation for an admin, and the looks that are kept of it."""
    found: dict[str, tuple[int, str, list[DataLook]]] = {}
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, name)
        await full.new_looks()
        for page, path in sorted(PAGES):
            shown = await browser.get("/console" + full.address(page, path))
            found[page] = shown.status, f"{shown.text} {shown.headers}", await full.new_looks()
        for each in filter(reads, OPERATIONS):
            body = {"device": full.parts["device"]} if each.body_model else None
            told = await caller.ask(each.method, full.address(each.name, each.path), json=body)
            found[each.name] = told.status, f"{told.body} {told.headers}", await full.new_looks()
    return found


async def test_every_page_and_operation_that_shows_people_is_on_record_before_it_is_read(
    full: Filled,
) -> None:
    found = await answers(full, "lin")
    assert {name: status for name, (status, _, _) in found.items() if status != 200} == NOT_THERE
    about = {name: sorted({told.lower() for told in re.findall("aldous|borgia", text)}) for name, (_, text, _) in found.items()}  # fmt: skip
    shows = {name: told[0] for name, (_, text, _) in found.items() if (told := EMPLOYEES.search(text))}
    assert {name: told for name, told in shows.items() if name in SHOWS_NOBODY} == {}
    kept = {name: {each.what for each in looks} for name, (_, _, looks) in found.items()}
    again = {"policy-plan-watch"}  # leads to the plan, which was read just before, since it has not started
    nobody = SHOWS_NOBODY | NOT_THERE.keys()
    assert found.keys() - shows.keys() - nobody == NOBODY_HERE, "name in console/looks.py what shows nobody"
    assert kept == {name: set() if name in nobody | again else {name} for name in found}
    phone = full.parts["id"]
    one = {name: ALICE if told[0] == "aldous" else BO for name, told in about.items() if len(told) == 1}
    whom = {name: (each.person, each.device, each.number) for name, (_, _, looks) in found.items() for each in looks}  # fmt: skip
    missed = {
        name: whom[name]
        for name, person in one.items()
        if name in whom and not {person, phone}.intersection(whom[name])
    }
    assert missed == {}
    of_one = ("devices-one", "get_device", "help_requests", "list_help_requests", "explain")
    assert {name: whom[name] for name in of_one} == dict.fromkeys(of_one, (ALICE, phone, 1))
    assert whom["notices-html"][0] == ALICE
    assert whom["devices"] == whom["list_devices"] == ("", "", 2)
    assert whom["devices-export"][2] == 2
    assert (whom["enrolment"][0], whom["enrolment"][2]) == (ALICE, 1)
    of_plan = {each.sought for name in ("policy-plan", "policy-plan-movers", "get_plan", "list_movers") for each in found[name][2]}  # fmt: skip
    assert of_plan == {f"digest={full.parts['plan']}"}
    assert (whom["find"], whom["exemptions"]) == (("", "", 2), (BO, "", 1))


async def test_a_role_without_names_sees_none_anywhere(full: Filled) -> None:
    names = re.compile(f"{EMPLOYEES.pattern}|{ADMINS.pattern}|{full.parts['id']}")
    await full.new_looks()
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, "ann")
        for name, path in sorted(PAGES):
            page = await browser.get("/console" + full.address(name, path))
            assert page.status == (200 if name in NUMBERS else 403) or name in NOT_THERE, name
            assert page.status != 200 or not names.search(page.text + str(page.headers)), name
            assert "closed:" not in page.text, name
        for route in ROUTES:
            if isinstance(route, web.RouteDef) and route.method == "POST" and route.path not in ("/logout", "/language", "/login"):  # fmt: skip
                page = await browser.post(
                    "/console" + full.address("", route.path), login=ALICE, confirmed="yes"
                )
                assert (page.status, names.search(page.text)) == (403, None), route.path
        for each in OPERATIONS:
            path = full.address(each.name, each.path)
            answer = await caller.ask(each.method, path, json={} if each.body_model else None)
            assert answer.status == (200 if each.name in NUMBERS else 403), each.name
            assert not names.search(str(answer.body) + str(answer.headers)), each.name
        menu = (await browser.get("/console/")).words
    assert "People refused each day" in menu
    assert "Help requests" not in menu
    assert await full.new_looks() == []


async def test_numbers_stand_where_others_have_links(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "ann")
        page = await browser.get("/console/apps")
        assert "show it" not in (await browser.get("/console/")).text
    assert '<div>1<span class="hidden"> people have TikTok</span></div>' in page.text
    assert 'href="/console/apps"' in page.text


async def test_who_loses_a_role_is_not_told_any_more_for_whom_they_acted(full: Filled) -> None:
    full.firm.roles(ann="operator viewer")
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "ann")
        full.firm.context.toasts.say(browser.csrf, Toast(f"{ALICE} is let in", NOW, page="/console/?"))
        full.firm.roles(ann="analyst")
        page = await browser.get("/console/")
    assert (page.status, ALICE in page.text) == (200, False)


async def test_a_role_beside_that_one_sees_names(full: Filled) -> None:
    full.firm.roles(ann="analyst viewer")
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "ann")
        await full.new_looks()
        assert ALICE in (await browser.get("/console/devices")).text
    (look,) = await full.looks()
    assert (look.who, look.roles, look.what) == ("ann", "analyst viewer", "devices")


async def test_a_page_that_is_loaded_again_is_one_look_and_after_ten_minutes_another(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "lin")
        await full.new_looks()
        for minutes in (0, 4, 9, 11):
            full.firm.clock.now = NOW + timedelta(minutes=minutes)
            await browser.get(f"/console/people?login={ALICE}&device={minutes}")
    assert [(each.what, each.person) for each in await full.looks()] == [("people", ALICE)] * 2


async def test_a_filter_is_kept_as_it_was_asked_for_and_not_without_end(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "lin")
        await full.new_looks()
        await browser.get("/console/devices?app=wechat&sort=person")
        await browser.get("/console/devices?name=" + "x" * 2000)
    kept = {each.sought[:30]: (len(each.sought), each.number) for each in await full.looks()}
    assert kept["app=wechat&sort=person"] == (len("app=wechat&sort=person"), 2)
    assert max(length for length, _ in kept.values()) == MAX_SOUGHT


async def test_nothing_before_what_was_sought_hides_it(full: Filled) -> None:
    spaces, empty = "%20" * 1100, "app=&" * 400
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "lin")
        await full.new_looks()
        for address in (f"find?q={spaces}o", f"find?q={spaces}a", f"devices?{empty}sort=person"):
            assert (await browser.get(f"/console/{address}")).status == 200
    assert sorted(each.sought for each in await full.looks()) == ["q=a", "q=o", "sort=person"]


async def test_a_search_that_leads_to_somebody_is_a_look_at_them_though_nobody_follows(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "lin")
        await full.new_looks()
        address = f"/console/find?q={full.parts['id']}"
        led = await browser.session.get(f"{ORIGIN}{address}", allow_redirects=False)
        assert (led.status, ALICE in led.headers["Location"]) == (303, True)
        assert [(each.what, each.person) for each in await full.looks()] == [("people", ALICE)]
        await browser.get(address)
    assert [(each.what, each.person, each.number) for each in await full.looks()] == [("people", ALICE, 1)]


async def test_who_is_named_in_what_is_sent_is_on_record(full: Filled) -> None:
    phone = full.parts["id"]
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, "lin")
        await full.new_looks()
        for body in ({"user": ALICE}, {"user": BO}, {"device": phone}):
            assert (await caller.ask("POST", "/explain", json=body)).status == 200
        named = {(each.what, each.person, each.device) for each in await full.new_looks()}
        assert named == {("explain_request", ALICE, ""), ("explain_request", BO, ""), ("explain_request", ALICE, phone)}  # fmt: skip
        assert (await browser.post("/console/explain", text="User-Agent: x", device=phone)).status == 200
    assert [(each.what, each.person, each.device) for each in await full.looks()] == [("explain-pasted", ALICE, phone)]  # fmt: skip


async def test_who_was_asked_about_in_vain_is_on_record(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, "lin")
        await full.new_looks()
        assert (await browser.get("/console/people?login=cleo")).status == 404
        assert (await caller.ask("GET", "/people/dora")).status == 404
        again = {"rule": "all", "person": BO, "why": "x", "until": (NOW + timedelta(hours=1)).isoformat()}
        assert (await caller.ask("POST", "/exemptions", json=again)).status == 409
        form = {"login": BO, "rule": "all", "why": "x"}
        assert (await browser.post("/console/people/exempt", **form)).status == 409
        assert (await browser.get("/console/policy/rollbacks/77")).status == 404
    kept = {(each.what, each.person, each.number) for each in await full.looks()}
    assert kept == {("people", "cleo", None), ("get_person", "dora", None), ("exempt", BO, None), ("people-exempt", BO, None)}  # fmt: skip


async def test_rows_that_were_not_shown_are_not_counted(full: Filled) -> None:
    async with AsyncExitStack() as stack:
        browser, _ = await reader(stack, full, "lin")
        await full.new_looks()
        await browser.get("/console/sightings?user=cleo")
    assert [(each.person, each.number) for each in await full.looks()] == [("cleo", None)]


async def test_whatever_shows_people_is_refused_while_nothing_keeps_looks(
    full: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, "lin")
        monkeypatch.setattr(full.firm.store.look_queue, "_limit", 0)
        full.firm.store.look_queue._known.clear()
        nobody = SHOWS_NOBODY | NOT_THERE.keys()
        for name, path in sorted({*PAGES, ("jsonl", "/audit/export.jsonl"), ("now-stream", "/now/stream")}):
            if name not in nobody:
                page = await browser.get("/console" + full.address(name, path))
                assert page.status == 503 or (name, page.text) == ("now-stream", ""), name
        for each in filter(reads, OPERATIONS):
            if each.name not in nobody:
                body = {"device": full.parts["device"]} if each.body_model else None
                told = await caller.ask(each.method, full.address(each.name, each.path), json=body)
                assert told.status == 503, each.name


async def test_reading_goes_on_while_the_store_takes_no_looks_but_not_if_nothing_keeps_them(
    full: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = full.firm.store.look_queue
    async with AsyncExitStack() as stack:
        browser, caller = await reader(stack, full, "lin")
        await full.new_looks()
        assert (await browser.get(f"/console/people?login={ALICE}")).status == 200
        with pytest.MonkeyPatch.context() as away:
            cut_off(full.firm.store, away)
            await queue.flush()
        monkeypatch.setattr(queue, "_limit", 0)
        for page in ("/console/devices", "/console/devices.csv"):
            told = await browser.get(page)
            assert told.status == 503
            assert ALICE not in told.text
        assert (await caller.get("/devices")).status == 503
    assert [each.person for each in await full.looks()] == [ALICE]

"""Looking for devices."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.names import called
from tests.unit.console.phones import has, record

from mailgate.console.devices import page as devices
from mailgate.console.devices.page import number
from mailgate.devices.trust import report_by
from mailgate.model import CheckResult, Kind
from mailgate.store import StoreUnavailableError


@pytest.fixture
async def some(firm: Company) -> dict[str, str]:
    """Devices by their owners."""
    found = await has(
        firm,
        record("a1", "ada", "tiktok"),
        record("b1", "bob"),
        record("b2", "bob-the-second", kind=Kind.LAPTOP),
        record("c1", "cy", age=100),
    )
    await firm.store.devices.mark_lost(found[3].id, firm.clock())
    return dict(zip(("ada", "bob", "second", "cy"), (each.id for each in found), strict=True))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["ada", "bob", "cy", "second"]),
        ("name=bob", ["bob", "second"]),
        ("name=BOB-the", ["second"]),
        ("name=serial-a1", ["ada"]),
        ("state=listed", ["ada"]),
        ("state=clean", ["bob", "second"]),
        ("state=clean&kind=laptop", ["second"]),
        ("state=stale", ["cy"]),
        ("state=lost", ["cy"]),
        ("state=missing", []),
        ("kind=phone", ["ada", "bob", "cy"]),
        ("app=tiktok", ["ada"]),
        ("app=tiktok&name=bob", []),
        ("name=&mail=&before=&state=listed&kind=", ["ada"]),
        ("state=lost&mail=kept-out", []),
    ],
)
async def test_devices_are_found_by_all_that_is_asked(
    ada: Browser, some: dict[str, str], asked: str, found: list[str]
) -> None:
    page = await ada.get(f"/console/devices?{asked}")
    assert sorted(who for who, name in some.items() if name in page.text) == found
    assert ("No device matches" in page.words) is not bool(found)


async def test_a_device_is_found_by_its_id_as_people_type_it(ada: Browser, some: dict[str, str]) -> None:
    typed = some["ada"].replace("-", "").upper()
    assert called(await ada.get(f"/console/devices?name={typed}")) == {some["ada"]}


async def test_pages_lead_through_all_of_them_once(
    ada: Browser, some: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "SIZE", 2)
    path, seen = "/console/devices", list[str]()
    while path:
        page = await ada.get(path)
        seen += called(page)
        more = re.search(r'href="([^"]*after=[^"]*)"', page.text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert sorted(seen) == sorted(some.values())


async def test_without_devices_the_first_step_is_said(ada: Browser) -> None:
    assert "Set up a source" in (await ada.get("/console/devices")).words


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣", "9" * 30])
def test_anything_but_a_number_in_an_address_is_zero(text: str) -> None:
    assert number(text) == 0


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("mail=kept-out", ["ada"]),
        ("mail=gets-mail", ["bob", "second"]),
        ("mail=lost", ["cy"]),
        ("before=3d", ["cy"]),
        ("before=2026-11-30", ["cy"]),
        ("before=2026-11-30T00:00:00%2B01:00&kind=phone", ["cy"]),
        ("before=2026-11-30T00:00:00z&limit=100", ["cy"]),
        ("os=iOS&source=JAMF-file", ["ada", "bob", "cy", "second"]),
        ("app=TikTok", ["ada"]),
        ("source=enrolled", []),
        ("source=Enrolled+here", []),
    ],
)
async def test_devices_are_found_by_how_they_stand(
    ada: Browser, some: dict[str, str], asked: str, found: list[str]
) -> None:
    page = await ada.get(f"/console/devices?{asked}")
    assert sorted(who for who, name in some.items() if name in page.text) == found


async def test_a_filter_that_is_set_stands_before_the_others(ada: Browser, some: dict[str, str]) -> None:
    first, _, others = (await ada.get("/console/devices?state=listed&before=3d")).text.partition(
        '<details class="more">'
    )
    assert ('name="state"' in first, 'name="kind"' in first) == (True, False)
    assert ('name="state"' in others, 'name="kind"' in others) == (False, True)


async def test_devices_on_which_sources_disagree_are_one_link_away(
    ada: Browser, firm: Company, some: dict[str, str]
) -> None:
    mdm = report_by("mdm", "a1", serial="SERIAL-A1", os="android", kind=Kind.PHONE, owner="ada")
    await firm.store.devices.ingest([mdm], NOW)
    assert (
        '<a href="/console/devices?sources=disagree">Sources disagree</a>'
        in (await ada.get("/console/devices")).text
    )
    page = await ada.get("/console/devices?sources=disagree")
    assert (called(page), "1 device " in page.words) == ({some["ada"]}, True)
    await firm.store.devices.ingest([replace(mdm, os="ios", gone=True)], NOW)
    assert "No device matches" in (await ada.get("/console/devices?sources=disagree")).words


UNKNOWN = (
    "kind=toaster", "mail=nope", "state='", "before=yesterday", "before=-7d", "before=7+days", "app=none", "foo=bar",
    "source=nope", "group=nope", "os=beos", "sort=name", "order=up", "sources=agree", "kind=phone&kind=laptop", "kind=phone&before=soon",
    "state=of+mind", "Kind=phone", f"name={'x' * 300}", "before=0001-01-01T00:00:00%2B14:00",
)  # fmt: skip


async def test_an_unknown_filter_lists_exports_and_asks_no_device(
    ada: Browser, firm: Company, some: dict[str, str]
) -> None:
    for asked in UNKNOWN:
        for path in ("devices", "devices.csv"):
            page = await ada.get(f"/console/{path}?{asked}")
            assert (page.status, called(page)) == (422, set()), asked
            assert "No device is shown: this address asks for something we do not know." in page.words
            assert re.search("use |did you mean|nothing is defined", page.words), asked
        page = await ada.post("/console/devices/ask", **dict(parse_qsl(asked)))
        assert page.status == 422 or asked.count("kind") == 2, asked
    assert len([each for each in await firm.acts() if each[0] == "devices-asked"]) == 1


async def test_the_address_of_a_search_says_what_is_asked_for_alone(
    ada: Browser, some: dict[str, str]
) -> None:
    page = await ada.get("/console/devices?name=&mail=&before=&kind=phone&app=TikTok&source=")
    assert page.path == "/console/devices?kind=phone&app=TikTok"
    assert (await ada.get("/console/devices?name=&mail=")).path == "/console/devices"


@pytest.mark.parametrize("asked", ["after=x", "after=12", "limit=0", "limit=1000", "limit=x"])
async def test_a_page_that_does_not_exist_is_said(ada: Browser, some: dict[str, str], asked: str) -> None:
    page = await ada.get(f"/console/devices?{asked}")
    assert (page.status, called(page)) == (422, set())


async def test_every_source_can_be_chosen_in_words(ada: Browser, firm: Company, some: dict[str, str]) -> None:
    await firm.store.devices.ingest(
        [report_by(name, "x1", "xi", Kind.PHONE) for name in ("https://mdm.example.com", "former-mdm")], NOW
    )
    await ada.get("/console/devices")
    page = await ada.get("/console/devices")
    for value, words in (
        ("https://mdm.example.com", "mdm.example.com"), ("enrolled", "The device itself"), ("jamf-file", "jamf-file"),
    ):  # fmt: skip
        assert f'<option value="{value}">{words}</option>' in page.text
    assert len(called(await ada.get("/console/devices?source=MDM.example.com"))) == 1


async def test_devices_are_counted_and_sorted_by_any_column(ada: Browser, some: dict[str, str]) -> None:
    page = await ada.get("/console/devices?sort=-person")
    assert re.findall(r"login=([^\"]+)\"", page.text) == ["cy", "bob-the-second", "bob", "ada"]
    assert "4 devices" in page.words
    assert 'aria-sort="descending"' in page.text
    assert 'href="/console/devices?sort=person"' in page.text
    same = await ada.get("/console/devices?sort=person&order=descending")
    assert re.findall(r"login=([^\"]+)\"", same.text) == ["cy", "bob-the-second", "bob", "ada"]
    assert "1 device " in (await ada.get("/console/devices?mail=lost")).words


async def test_the_export_has_the_wanted_devices_and_no_formula(
    vic: Browser, firm: Company, some: dict[str, str]
) -> None:
    await has(firm, record("f1", "=1+1", "tiktok"))
    page = await vic.get("/console/devices.csv?app=tiktok")
    assert page.text.startswith("\ufeff")
    rows = [line.split(",") for line in page.text.lstrip("\ufeff").splitlines()]
    assert rows[0][:4] == ["device", "name", "person", "mail"]
    assert len(rows) == 3
    assert "'=1+1" in page.text
    assert page.headers["Content-Type"].startswith("text/csv")


async def test_an_operator_has_the_sources_of_all_of_them_asked(
    ada: Browser, vic: Browser, firm: Company, some: dict[str, str]
) -> None:
    asked = list[str]()

    async def answer(_source: str, name: str) -> CheckResult:
        asked.append(name)
        return CheckResult.ASKED

    firm.context.recheck_many.source = answer
    assert (await vic.post("/console/devices/ask", kind="phone")).status == 403
    page = await ada.post("/console/devices/ask", kind="phone")
    assert page.path == "/console/devices?kind=phone"
    assert "The sources of 3 devices are asked now." in page.words
    await firm.context.background_questions.stop()
    assert (await firm.acts())[-1][:2] == ("devices-asked", "ada")


async def test_only_the_first_of_many_devices_are_asked_and_that_is_said(
    ada: Browser, firm: Company, some: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "MAX_ASKED", 2)
    page = await ada.post("/console/devices/ask", kind="phone")
    assert "The sources of 2 devices are asked now. There are more devices than that" in page.words
    await firm.context.background_questions.stop()


async def test_one_device_is_asked_about_while_a_list_of_devices_is(
    ada: Browser, firm: Company, some: dict[str, str]
) -> None:
    never = asyncio.Event()

    async def silent(_source: str, _name: str) -> CheckResult:
        await never.wait()
        return CheckResult.FAILED

    async def answer(_source: str, _name: str) -> CheckResult:
        return CheckResult.WAIT

    firm.context.recheck_many.source, firm.context.recheck.source = silent, answer
    await ada.post("/console/devices/ask", kind="phone")
    page = await ada.post(f"/console/devices/{some['ada']}/ask")
    assert "was asked less than a minute ago" in page.words
    await firm.context.background_questions.stop()


async def test_a_device_that_has_changed_is_listed_as_it_is_now(
    ada: Browser, firm: Company, some: dict[str, str]
) -> None:
    assert some["ada"] in (await ada.get("/console/devices?mail=kept-out")).text
    await has(firm, record("a1", "ada", age=0))
    assert some["ada"] not in (await ada.get("/console/devices?mail=kept-out")).text
    assert some["ada"] in (await ada.get("/console/devices?mail=gets-mail")).text


async def test_a_read_only_store_still_lists_its_devices(
    ada: Browser, firm: Company, some: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.get("/console/devices")
    await has(firm, record("z1", "zoe"))

    async def refuse(*_: object) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(firm.store.rows, "keep", refuse)
    assert some["bob"] in (await ada.get("/console/devices")).text

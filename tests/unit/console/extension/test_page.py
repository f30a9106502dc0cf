"""*Browsers*."""

import re
from datetime import timedelta
from html import unescape

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser

from mailgate.console.extension import page
from mailgate.store import Proofs

DAY = timedelta(days=1)


@pytest.fixture
async def some(firm: Company) -> Company:
    await firm.store.enrolments.take(
        [
            a_browser("ada", NOW, machine="LT-1", proven=True),
            a_browser("bob", machine="LT-2"),
            a_browser("cy", NOW - 9 * DAY),
            a_browser("dan", None),
        ]
    )
    return firm


async def test_each_browser_is_shown_with_what_is_known_of_it(vic: Browser, some: Company) -> None:
    await read_mail(some.store, "bob@example.com", NOW - timedelta(hours=1))
    shown = await vic.get("/console/extension")
    rows = [re.sub(r"\s+", " ", each) for each in re.findall(r"<tr>(.*?)</tr>", shown.text, re.DOTALL)][1:]
    words = [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).strip() for row in rows]
    assert [each.split()[0] for each in words] == ["Reports", "Missing", "Silent", "Never"]
    assert "LT-1 d-ada" in words[0].replace("  ", " ")
    assert "asked for mail without it" in words[1]
    assert "LT-2 by its own word" in words[1]
    assert all("Google Chrome 142.0.1 Windows 0.1.0 By policy" in each for each in words)


async def test_the_counts_are_links_to_those_that_are_counted(vic: Browser, some: Company) -> None:
    shown = await vic.get("/console/extension")
    assert "1 silent" in shown.words
    shown = await vic.get("/console/extension?state=silent")
    assert "cy@example.com" in shown.words.lower()
    assert "ada@example.com" not in shown.words.lower()
    assert 'aria-current="true"><strong class="unknown">1</strong> silent' in shown.text
    link = re.search(r'href="([^"]+)">Google Chrome 142<', shown.text)
    assert link
    assert unescape(link[1]) == "/console/extension?state=silent&browser=Google+Chrome+142"
    assert "No browser matches" in (await vic.get("/console/extension?name=zoe")).words


async def test_browsers_are_shown_a_page_at_a_time(
    vic: Browser, some: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "SIZE", 3)
    shown = await vic.get("/console/extension?heard=before&state=silent")
    assert "Next page" not in shown.words
    shown = await vic.get("/console/extension")
    further = re.search(r'href="([^"]+)">Next page', shown.text)
    assert further
    shown = await vic.get(unescape(further[1]))
    assert ("dan@" in shown.words.lower(), "ada@" in shown.words.lower()) == (True, False)


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({}, "Who asks for mail on a laptop is not known"),
        ({"ada": Proofs(attestation="accepted")}, "Who did so without the extension is not known"),
        (
            {"ada@example.com": Proofs(named_by="proxy")},
            "1 person asked for mail on a laptop within a week, and a browser",
        ),
        ({"zoe": Proofs(named_by="proxy")}, "1 of 1 people asked for mail on a laptop without the extension"),
    ],
)
async def test_people_whom_no_proxy_names_are_not_known_and_never_nobody(
    vic: Browser, some: Company, people: dict[str, Proofs], words: str
) -> None:
    for person, proofs in people.items():
        await read_mail(some.store, person, NOW, proofs)
    assert words in (await vic.get("/console/extension")).words


async def test_people_without_the_extension_are_named(
    vic: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nobody of whom this is known" in (await vic.get("/console/extension/people")).words
    monkeypatch.setattr(page, "SIZE", 1)
    for person in ("ada", "bob"):
        await read_mail(firm.store, person, NOW, browser="Safari", os="macos")
    shown = await vic.get("/console/extension/people")
    assert "ada Safari macOS" in shown.words
    assert 'href="/console/extension/people?after=ada"' in shown.text
    assert "bob Safari macOS" in (await vic.get("/console/extension/people?after=ada")).words


async def test_those_that_match_are_saved_as_a_spreadsheet(vic: Browser, some: Company) -> None:
    sheet = (await vic.get("/console/extension.csv?state=never")).text
    assert [line.split(",")[0] for line in sheet.splitlines()[1:]] == ["Dan@example.com"]


async def test_a_company_without_a_browser_is_told_what_to_do(vic: Browser) -> None:
    assert "No browser has enrolled yet" in (await vic.get("/console/extension")).words

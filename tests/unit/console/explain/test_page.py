"""*Explain*."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import IPHONE, asks, has, record

from mailgate.classify import classify
from mailgate.console.explain import page as explain_page
from mailgate.console.explain.page import MAX_PASTED
from mailgate.model import Access, Decision, Effect, Posture, Reason, RequestFacts, User

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def test_a_recorded_request_is_decided_again_on_current_facts(ada: Browser, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get("/console/explain?reference=REF2345")
    assert "Recorded 1 time" in page.words
    assert "No mail by the rule prohibited-app : An app keeps company mail off this device" in page.words
    await has(firm, record("a1", "alice", age=0))
    page = await ada.get("/console/explain?reference=REF2345")
    assert "Gets mail by the rule clean-handheld" in page.words


async def test_a_posture_of_a_person_is_called_theirs(ada: Browser, firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    facts = RequestFacts(headers={"user-agent": IPHONE}, user="alice")
    asked = Access(facts, classify(facts), Posture(by_person=True), NOW, User("alice"))
    firm.store.ledger.record(
        asked, Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1"), "REF2345"
    )
    await firm.store.ledger.flush()
    theirs = "the worst of all phones and tablets of this person"
    assert theirs not in (await ada.get("/console/explain?reference=REF2345")).words
    posture = firm.bundle.settings.posture.model_copy(update={"browsers": "by-person"})
    firm.bundle = replace(firm.bundle, settings=firm.bundle.settings.model_copy(update={"posture": posture}))
    page = await ada.get("/console/explain?reference=REF2345")
    assert theirs in page.words
    assert "No mail by the rule prohibited-app" in page.words


async def test_a_device_is_explained_on_its_page(ada: Browser, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    assert (await ada.get("/console/explain?reference=a1")).path == "/console/devices/a1"
    assert (await ada.get("/console/devices/a1")).status == 200
    assert phone.id in (await ada.get("/console/devices/a1")).text


async def test_one_of_the_last_requests_is_picked(ada: Browser, firm: Company) -> None:
    assert "Nobody has asked for mail yet." in (await ada.get("/console/explain")).words
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get("/console/explain")
    picked = re.search(r'href="(/console/explain\?reference=[^"]+)"', page.text)
    assert picked
    assert "Recorded 1 time" in (await ada.get(picked[1])).words


async def test_an_unknown_help_number_is_said(ada: Browser) -> None:
    page = await ada.get("/console/explain?reference=<nope>")
    assert (page.status, "We found no request and no device called <nope>" in page.words) == (404, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAPTOP, "Gets mail by the rule laptop-browser"),
        (f"GET /mail HTTP/1.1\nHost: mail.example.com\nuser-agent: {LAPTOP}", "Gets mail by the rule laptop-browser"),
        (f"User-Agent: {IPHONE}", "No mail by the rule unproven-handheld : It is not known which apps are on this device"),
        (json.dumps({"user_agent": IPHONE, "device": {"apps": ["tiktok"]}}), "No mail by the rule prohibited-app : An app keeps company mail off this device"),
    ],
)  # fmt: skip
async def test_a_pasted_request_is_decided_and_not_recorded(
    vic: Browser, firm: Company, text: str, words: str
) -> None:
    page = await vic.post("/console/explain", text=text)
    assert words in page.words
    await firm.store.ledger.flush()
    assert firm.store.ledger.counts.written == 0


async def test_headers_may_come_from_a_device_that_is_known(ada: Browser, firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    page = await ada.post("/console/explain", text=IPHONE, device="a1")
    assert "No mail by the rule prohibited-app : An app keeps company mail off this device" in page.words
    page = await ada.post("/console/explain", text=IPHONE, device="nope")
    assert (page.status, "no device is called nope" in page.words) == (422, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing is there"),
        ("User-Agent: x\nno header", "pasted:2:1: not a header"),
        ('{"methd": "GET"}', "the key methd is not known"),
        ("{" + "[" * MAX_PASTED, "this is too long; use at most 16384 characters"),
        ('{"path": ' + "[[[" * 5000, "nested too deeply"),
    ],
)
async def test_an_unreadable_request_is_said_with_its_place_and_kept(
    ada: Browser, text: str, words: str
) -> None:
    page = await ada.post("/console/explain", text=text)
    assert (page.status, words in page.words) == (422, True)
    assert f"required>{text.replace(chr(34), '&#34;')}</textarea>" in page.text


async def test_mistakes_are_said_in_german_to_a_german_reader(ada: Browser) -> None:
    await ada.post("/console/language", lang="de", to="/console/explain")
    page = await ada.post("/console/explain", text='{"methd": "GET"}')
    assert "pasted:1:2: der Schlüssel methd ist nicht bekannt; meinten Sie method ?" in page.words
    page = await ada.post("/console/explain", text="User-Agent: x", device="nobody")
    assert "kein Gerät heißt nobody" in page.words


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", True),
        ("rule=prohibited-app&reason=prohibited-app", True),
        ("effect=block&user=alice", True),
        ("rule=another", False),
        ("kind=phone", True),
        ("kind=laptop", False),
        ("effect=allow", False),
        ("user=bob", False),
    ],
)
async def test_requests_are_found_by_what_was_decided(
    ada: Browser, firm: Company, asked: str, shown: bool
) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get(f"/console/sightings?{asked}")
    assert ("REF2345" in page.words) is shown
    firm.clock.now += timedelta(hours=3)
    await ada.log_in("ada")
    assert "REF2345" not in (await ada.get(f"/console/sightings?{asked}")).words


async def test_earlier_requests_are_one_page_further(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_page, "MAX_SIGHTINGS", 2)
    phones = await has(firm, *(record(f"a{n}", "alice", "tiktok") for n in range(3)))
    for number, phone in enumerate(phones):
        await asks(firm, phone, "alice", f"REF{number}")
    page, shown = await ada.get("/console/sightings?rule=prohibited-app"), []
    while further := re.search(r'href="([^"]+)">Earlier requests', page.text):
        shown += re.findall(r"REF\d", page.words)
        page = await ada.get(unescape(further[1]))
    assert sorted([*shown, *re.findall(r"REF\d", page.words)]) == ["REF0", "REF1", "REF2"]


async def test_a_look_that_found_none_offers_to_look_on(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.store.sightings.WINDOW", 1)
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get("/console/sightings?effect=allow")
    assert "No match among those searched so far." in page.words
    assert "Search further" in page.words

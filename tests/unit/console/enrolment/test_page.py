"""*Enrolment*."""

import re
from datetime import timedelta
from html import unescape

import pytest
from tests.unit.console.browsing import NOW, Browser, Company

from mailgate.console.enrolment import page as enrolment
from mailgate.store import Act, EnrolledKey, Named
from mailgate.store.enrolments import digest_of
from mailgate.store.shut_enrolments import Sort


async def make(browser: Browser, **fields: str) -> str:
    page = await browser.post("/console/enrolment", **{"uses": "2", "days": "7"} | fields)
    found = re.search(r'<pre tabindex="0"><code>([^<]+)', page.text)
    return found[1] if found else ""


async def test_a_token_is_shown_once_and_lets_devices_enrol(ada: Browser, firm: Company) -> None:
    token = await make(ada, user="alice", note="for <her>")
    assert token
    assert token not in (await ada.get("/console/enrolment")).text
    (kept,) = await firm.store.enrolments.tokens()
    assert (kept.owner, kept.note, kept.uses_left, kept.expires_at) == (
        "alice",
        "for <her>",
        2,
        NOW + timedelta(days=7),
    )
    key = await firm.store.enrolments.enrol(digest_of(token), "thumb", "device", NOW)
    assert isinstance(key, EnrolledKey)
    assert (await firm.acts())[-1] == ("enrolment-token-made", "ada", f"token {kept.name}")
    assert "alice" not in str(
        [each for each in await firm.store.audit.page() if each.what == "enrolment-token-made"]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"uses": "0"},
        {"uses": "x"},
        {"uses": "1000001"},
        {"days": "9999"},
        {"user": "a\nb"},
        {"note": "x" * 256},
    ],
)
async def test_a_token_that_cannot_be_is_not_made(
    ada: Browser, firm: Company, fields: dict[str, str]
) -> None:
    assert await make(ada, **fields) == ""
    assert await firm.store.enrolments.tokens() == []


async def test_a_code_is_shown_once_with_the_next_step_and_adds_one_browser(
    ada: Browser, firm: Company
) -> None:
    shown = await ada.post("/console/enrolment/code", user="alice")
    found = re.search(r'id="code" class="large">([0-9A-Z]{4}-[0-9A-Z]{4})<', shown.text)
    assert found
    assert "Next, alice opens the set-up of the extension" in shown.text
    assert 'data-copy="code"' in shown.text
    (kept,) = await firm.store.enrolments.tokens()
    assert (kept.owner, kept.uses_left, kept.expires_at - kept.made_at) == ("alice", 1, timedelta(minutes=10))
    assert found[1] not in (await ada.get("/console/enrolment")).text


@pytest.mark.parametrize("user", ["", " ", "a" * 256, "two\nlines"])
async def test_a_code_is_for_somebody(ada: Browser, firm: Company, user: str) -> None:
    assert (await ada.post("/console/enrolment/code", user=user)).status == 422
    assert await firm.store.enrolments.tokens() == []


async def test_a_token_is_revoked_once_it_was_confirmed(ada: Browser, firm: Company) -> None:
    await make(ada)
    (kept,) = await firm.store.enrolments.tokens()
    page = await ada.post("/console/enrolment/revoke", name=kept.name, what="token")
    assert "No more devices can enrol with it" in page.words
    assert await firm.store.enrolments.tokens() == [kept]
    page = await ada.post("/console/enrolment/revoke", name=kept.name, confirmed="yes")
    assert page.path == "/console/enrolment"
    assert await firm.store.enrolments.tokens() == []
    assert (await firm.acts())[-1] == ("enrolment-revoked", "ada", kept.name)


async def test_a_key_is_shut_out_for_good(ada: Browser, firm: Company) -> None:
    token = await make(ada)
    await firm.store.enrolments.enrol(digest_of(token), "thumb", "device", NOW)
    page = await ada.post("/console/enrolment/revoke", name="thumb", what="key")
    assert "One device is shut out" in page.words
    await ada.post("/console/enrolment/revoke", name="thumb", confirmed="yes")
    assert await firm.store.enrolments.revoked() == ["thumb"]
    assert "Revoked" in (await ada.get("/console/enrolment")).words
    assert (await ada.post("/console/enrolment/revoke", name="thumb", confirmed="yes")).status == 404


async def test_keys_are_shown_a_page_at_a_time(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "SIZE", 1)
    token = await make(ada)
    for name in ("one", "two"):
        await firm.store.enrolments.enrol(digest_of(token), f"thumb-{name}", f"device-{name}", NOW)
    page = await ada.get("/console/enrolment")
    assert ("device-one" in page.words, "device-two" in page.words) == (True, False)
    page = await ada.get("/console/enrolment?key=thumb-one")
    assert ("device-one" in page.words, "device-two" in page.words) == (False, True)


async def test_tokens_are_shown_a_page_at_a_time(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "SIZE", 1)
    for note in ("older", "newer"):
        await make(ada, note=note)
        firm.clock.now += timedelta(minutes=1)
    page = await ada.get("/console/enrolment")
    assert ("newer" in page.words, "older" in page.words) == (True, False)
    further = re.search(r'href="([^"]+)">Older tokens', page.text)
    assert further
    page = await ada.get(unescape(further[1]))
    assert ("newer" in page.words, "older" in page.words, "Older tokens" in page.words) == (
        False,
        True,
        False,
    )


@pytest.fixture
async def machines(firm: Company) -> None:
    """Two browsers of one computer, one of them by its own word."""
    await firm.store.enrolments.take(
        [
            EnrolledKey(key, f"device-{key}", "alice", "token-m", NOW, machine="LT-1", proven=key == "a")
            for key in "ab"
        ]
    )


async def test_the_latest_that_are_shut_out_are_shown_and_others_found_by_their_beginning(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "SIZE", 2)
    for number in range(3):
        named, at = Named(f"LT-{number}", Sort.MACHINE), NOW + timedelta(minutes=number)
        await firm.store.shut.revoke(named, at, Act(at, "ada", "enrolment-revoked"))
    shown = (await ada.get("/console/enrolment")).words
    assert [name in shown for name in ("lt-0", "lt-1", "lt-2", "Only the latest 2")] == [
        False,
        True,
        True,
        True,
    ]
    assert "lt-0" in (await ada.get("/console/enrolment?shut=LT-0")).words
    assert "Nobody by this name" in (await ada.get("/console/enrolment?shut=nobody")).words


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(("what", "name"), [("machine", "lt-1"), ("person", "Alice")])
async def test_a_computer_or_a_person_is_shut_out_and_allowed_again(
    ada: Browser, firm: Company, what: str, name: str
) -> None:
    assert "Nobody is shut out" in (await ada.get("/console/enrolment")).words
    unknown = await ada.post("/console/enrolment/revoke", what=what, name="LT-O1")
    assert "No valid key is enrolled under this name" in unknown.words
    page = await ada.post("/console/enrolment/revoke", what=what, name=name)
    assert "2 keys are refused at every gate" in page.words
    assert "No valid key" not in page.words
    assert await firm.store.enrolments.revoked() == []
    page = await ada.post("/console/enrolment/revoke", what=what, name=name, confirmed="yes")
    assert await firm.store.enrolments.revoked() == ["a", "b"]
    assert [(each.kind, each.name) for each in await firm.store.shut.all()] == [(what, name.lower())]
    assert name.lower() in page.words
    page = await ada.post("/console/enrolment/allow", what=what, name=name.lower())
    assert "Nobody is shut out" in page.words
    assert await firm.store.shut.all() == []
    assert (await ada.post("/console/enrolment/allow", what=what, name=name)).status == 404


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("name", ["", "  ", "a\nb"])
@pytest.mark.parametrize("what", ["machine", "person", "other"])
async def test_nobody_is_shut_out_without_a_name(ada: Browser, firm: Company, what: str, name: str) -> None:
    """Or all would be whose computer or owner is not known."""
    page = await ada.post("/console/enrolment/revoke", what=what, name=name, confirmed="yes")
    assert (page.status, "Enter the name of a computer" in page.words) == (422, True)
    assert await firm.store.enrolments.revoked() == []


@pytest.mark.usefixtures("machines")
async def test_each_key_stands_beside_its_computer(ada: Browser) -> None:
    assert (await ada.get("/console/enrolment")).words.count("LT-1") == 2
    assert (await ada.get("/console/enrolment")).words.count("its own word") == 1


@pytest.mark.parametrize("with_keys", ["", "yes"])
async def test_a_tokens_keys_are_revoked_too_if_it_is_ticked(
    ada: Browser, firm: Company, with_keys: str
) -> None:
    token = await make(ada)
    (kept,) = await firm.store.enrolments.tokens()
    await firm.store.enrolments.enrol(digest_of(token), "thumb", "laptop-1", NOW)
    page = await ada.post("/console/enrolment/revoke", name=kept.name, what="token")
    assert "Also revoke the 1 key that enrolled with it" in page.words
    sent = {"name": kept.name, "what": "token", "confirmed": "yes", "with_keys": with_keys}
    await ada.post("/console/enrolment/revoke", **sent)
    assert await firm.store.enrolments.revoked() == (["thumb"] if with_keys else [])

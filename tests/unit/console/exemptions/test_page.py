"""*Exemptions*."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import has, record

from mailgate.console.exemptions import page as exemptions
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Act
from mailgate.store.counts import VerdictKey

GIVEN = {"whom": "Alice", "what": "person", "rule": "prohibited-app", "days": "7", "why": "on a <journey>"}


async def in_force(firm: Company) -> Reliefs:
    return await firm.store.reliefs.current(firm.clock())


async def test_a_person_is_exempt_until_a_day_and_that_is_written_down(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/exemptions", **GIVEN)
    assert "on a <journey>" in page.words
    (given,) = (await in_force(firm)).every
    assert (given.person, given.rule, given.author, given.until) == (
        "alice",
        "prohibited-app",
        "ada",
        NOW + timedelta(days=7),
    )
    assert (await firm.acts())[-1][:2] == ("exemption-given", "ada")
    assert (await ada.post("/console/exemptions/end", number=str(given.number), why=" ")).status == 409
    assert (await in_force(firm)).every == (given,)
    page = await ada.post("/console/exemptions/end", number=str(given.number), why="back again")
    assert "by ada: back again" in page.words
    assert (await in_force(firm)).every == ()
    page = await ada.post("/console/exemptions/end", number=str(given.number), why="again")
    assert (page.status, "has already ended" in page.words) == (200, True)


async def test_a_device_is_exempt_by_any_of_its_names(ada: Browser, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    await ada.post(
        "/console/exemptions", **GIVEN | {"whom": phone.id.upper(), "what": "device", "rule": "all"}
    )
    (given,) = (await in_force(firm)).every
    assert (given.device, given.rule, given.person) == (phone.id, "", "")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"whom": ""}, "Enter a login name or device ID"),
        ({"days": "9999"}, "Enter a login name or device ID"),
        ({"whom": "none", "what": "device"}, "No device is called none"),
        ({"why": ""}, "Say why"),
        ({"rule": "laptop-browser"}, "gives mail"),
        ({"rule": "nope"}, "No rule is called nope"),
    ],
)
async def test_an_impossible_exemption_says_why(
    ada: Browser, firm: Company, changed: dict[str, str], words: str
) -> None:
    page = await ada.post("/console/exemptions", **GIVEN | changed)
    assert (page.status, words in page.words) == (409, True), page.words
    assert "on a &lt;journey&gt;</textarea>" in page.text or "why" in changed, "what was typed comes back"
    assert (await in_force(firm)).every == ()


async def test_a_rule_is_turned_off_and_resumed_each_once_it_was_confirmed(
    ada: Browser, firm: Company
) -> None:
    refused = VerdictKey("block", rule="prohibited-app", reason="prohibited-app")
    await firm.store.verdicts.add({NOW: {refused: 3}, NOW - timedelta(hours=2): {refused: 5}})
    page = await ada.post("/console/exemptions/rule-off", rule="prohibited-app")
    assert "In the last hour it refused or warned 3 requests." in page.words
    assert (await in_force(firm)).every == ()
    fire = {"rule": "prohibited-app", "confirmed": "yes", "note": "too many", "hours": "4"}
    for wrong in ({"note": ""}, {"hours": "9999"}, {"rule": "laptop-browser"}):
        assert (await ada.post("/console/exemptions/rule-off", **fire | wrong)).status == 409
    page = await ada.post("/console/exemptions/rule-off", **fire)
    assert "Turned off" in page.words
    assert "“prohibited-app” is off for everybody for 4 hours. Undo" in page.words
    (off,) = (await in_force(firm)).for_everybody(NOW)
    assert (off.rule, off.until) == ("prohibited-app", NOW + timedelta(hours=4))
    page = await ada.post("/console/exemptions/rule-on", rule="prohibited-app")
    assert "Turn on “prohibited-app” again?" in page.words
    page = await ada.post("/console/exemptions/rule-on", rule="prohibited-app", confirmed="yes", note="over")
    assert "No rule is off." in page.words
    assert [each[0] for each in (await firm.acts())[-2:]] == ["rule-turned-off", "rule-resumed"]


async def test_a_rule_that_is_off_for_longer_is_told_so_and_not_turned_on_by_an_undo(ada: Browser) -> None:
    sent = {"rule": "prohibited-app", "note": "too many", "confirmed": "yes"}
    await ada.post("/console/exemptions/rule-off", **sent, hours="4")
    page = await ada.post("/console/exemptions/rule-off", **sent, hours="1")
    assert "“prohibited-app” was already off, and stays off until today, 4:00 PM UTC" in page.words
    assert "Undo" not in page.words


async def test_whoever_resumes_a_rule_is_told_that_this_is_the_consent_that_another_asked_for(
    ada: Browser, firm: Company
) -> None:
    wish = Act(NOW, "lin", "rule-resume-asked", "rule prohibited-app")
    await firm.store.audit.append(replace(wish, details={"would_keep_out": {"people": 9, "devices": 9}}))
    firm.clock.now = NOW + timedelta(minutes=1)
    sent = {"rule": "prohibited-app", "hours": "4", "note": "too many", "confirmed": "yes"}
    await ada.post("/console/exemptions/rule-off", **sent)
    page = await ada.post("/console/exemptions/rule-on", rule="prohibited-app")
    assert "asked for this" not in page.words, "that was before it went off"
    later = replace(wish, at=firm.clock.now, details={"would_keep_out": {"people": 2, "devices": 3}})
    await firm.store.audit.append(later)
    page = await ada.post("/console/exemptions/rule-on", rule="prohibited-app")
    assert "lin asked for this" in page.words
    assert "Newly without mail: people 2, devices 3" in page.words


async def test_a_viewer_sees_who_is_exempt_and_no_button(vic: Browser, ada: Browser, firm: Company) -> None:
    await ada.post("/console/exemptions", **GIVEN)
    page = await vic.get("/console/exemptions")
    assert "alice" in page.words
    assert 'method="post"' not in page.text.partition("<main")[2].partition("</main>")[0]


async def test_exemptions_are_shown_a_page_at_a_time_and_found_by_whom(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exemptions, "SIZE", 1)
    (phone,) = await has(firm, record("a1", "alice"))
    for whom, what in (("dan", "person"), (phone.id, "device"), ("bob", "person")):
        await ada.post("/console/exemptions", **GIVEN | {"whom": whom, "what": what})
    page = await ada.get("/console/exemptions")
    assert ("bob" in page.words, "dan" in page.words) == (True, False)
    assert f"before={(await in_force(firm)).every[-1].number}" in page.text
    for whom, shown, hidden in (("DAN", "dan", "bob"), (phone.id.upper(), phone.id, "dan")):
        page = await ada.get(f"/console/exemptions?whom={whom}")
        rows = page.text.partition('aria-label="Exemptions"')[2].partition("</table>")[0]
        assert (shown in rows, hidden in rows) == (True, False)
    page = await ada.get("/console/exemptions?whom=nobody")
    assert "nobody has no exemption" in page.words


async def test_ended_exemptions_are_shown_a_page_at_a_time(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exemptions, "SIZE", 1)
    for whom in ("dan", "bob"):
        await ada.post("/console/exemptions", **GIVEN | {"whom": whom})
        number = str((await in_force(firm)).every[-1].number)
        await ada.post("/console/exemptions/end", number=number, why="back")
    page = await ada.get(f"/console/exemptions?over={number}")
    assert ("dan" in page.words, "bob" in page.words) == (True, False)


async def test_a_let_in_is_shown_with_its_person_and_device_and_ended_by_an_admin(
    ada: Browser, firm: Company
) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    until = NOW + timedelta(hours=24)
    relief = Relief(
        0, Cause.SELF_SERVICE, "prohibited-app", "a train", "self-service", NOW, until, "alice", phone.id
    )
    act = Act(NOW, "self-service", "let-in")
    kept, _ = await firm.store.reliefs.let_in(relief, timedelta(days=30), act)
    page = await ada.get("/console/exemptions")
    for words in ("alice asked on device", phone.id, "let themselves in", "a train", "Does not count"):
        assert words in page.words
    assert "Nobody is let in" not in page.words
    person = (await ada.get("/console/people?login=alice")).words
    assert "Let themselves in for 1 day: a train" in person
    assert f"{phone.id} alone" not in person
    await ada.post("/console/exemptions/end", number=str(kept.relief.number), why="back again")
    assert (await in_force(firm)).every == ()
    page = await ada.get("/console/exemptions")
    assert "Let themselves in alice" in page.words
    assert not (await firm.store.reliefs.let_in(relief, timedelta(days=30), act))[1], "it is used up"

"""People by the API."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import nobody as nobody
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import asks, has, record

from mailgate.store import HelpRequest

ALICE = HelpRequest(
    "prohibited-app", "alice", "alice", "d1", "prohibited-app", "REF1", "p", True, 1, NOW, NOW
)


async def test_a_person_is_found_and_told_of_with_one_sentence_a_device(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    (hit,) = (await vic.get("/find?text=lic")).body["items"]
    assert (hit["what"], hit["id"]) == ("person", "alice")
    told = (await vic.get("/people/alice")).body
    mail_status = told["devices"][0]["mail_status"]
    assert (mail_status["mail"], mail_status["cause"], mail_status["exempt_from"]) == (
        "kept-out",
        "TikTok on it",
        "all",
    )
    assert mail_status["sentence"] == (
        "No mail since 2026-12-01 11:55 UTC: TikTok on it; jamf-file looked at 2026-12-01 11:00 UTC."
    )
    assert (await vic.get("/people/nobody")).status == 404


async def test_only_an_operator_answers_and_only_people_with_an_address(
    ada: Caller, vic: Caller, firm: Company
) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    assert (await vic.post("/people/alice/reply", {"answer": "x"})).status == 403
    told = await ada.post("/people/alice/reply", {"answer": "x"})
    assert (told.status, told.body["address"]) == (202, "alice@example.com")
    assert (await ada.post("/people/alice/reply", {"answer": "x"})).status == 409, "within the same second"


async def test_requests_for_help_are_listed_and_closed(ada: Caller, vic: Caller, firm: Company) -> None:
    await firm.store.help_requests.note(ALICE)
    listed = (await vic.get("/help-requests")).body
    assert (listed["items"][0]["state"], listed["rules"][0]["requests"]) == ("waiting", 1)
    which = {"rule": "prohibited-app", "subject": "alice"}
    assert (await vic.post("/help-requests/decision", which)).status == 403
    assert (await ada.post("/help-requests/decision", which)).body["state"] == "done"
    assert (await vic.get("/help-requests")).body["items"] == []
    assert (await ada.post("/help-requests/decision", which | {"done": False})).body["state"] == "waiting"
    assert (await ada.post("/help-requests/decision", which | {"subject": "bob"})).status == 409


async def test_an_answer_without_a_mail_stands_on_the_request_while_it_is_open(
    ada: Caller, vic: Caller, firm: Company
) -> None:
    await firm.store.help_requests.note(replace(ALICE, subject="client:1", person="", words="It is <gone>."))
    sent = {"rule": "prohibited-app", "subject": "client:1", "answer": "Open the app once."}
    assert (await vic.post("/help-requests/answer", sent)).status == 403
    told = (await ada.post("/help-requests/answer", sent)).body
    assert [told[name] for name in ("state", "words", "answer")] == [
        "answered",
        "It is <gone>.",
        sent["answer"],
    ]
    assert (await ada.post("/help-requests/answer", sent | {"answer": " "})).status == 409
    await ada.post("/help-requests/decision", {"rule": "prohibited-app", "subject": "client:1"})
    for gone in ({}, {"subject": "client:2"}):
        assert (await ada.post("/help-requests/answer", sent | gone)).status == 409
    assert ("help-answered", "ada", "rule prohibited-app") in await firm.acts()


BOB = replace(ALICE, subject="bob", person="bob", reference="REF2", last_at=NOW + timedelta(minutes=1))
CAROL = replace(ALICE, rule="unproven-handheld", subject="carol", person="carol", reference="REF3")
DECISION = "/help-requests/decision"
OF_ALICE = {"rule": "prohibited-app", "subject": "alice"}


@pytest.fixture
async def asked(firm: Company) -> None:
    for each in (ALICE, BOB, CAROL):
        await firm.store.help_requests.note(each)


async def listed(caller: Caller, query: str = "") -> list[str]:
    return [each["subject"] for each in (await caller.get(f"/help-requests{query}")).body["items"]]


@pytest.mark.usefixtures("asked")
async def test_the_last_to_ask_comes_first_and_rules_are_counted(vic: Caller) -> None:
    told = (await vic.get("/help-requests")).body
    assert [each["subject"] for each in told["items"]] == ["bob", "alice", "carol"]
    assert [(each["rule"], each["requests"]) for each in told["rules"]] == [
        ("prohibited-app", 2), ("unproven-handheld", 1),
    ]  # fmt: skip


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("query", "people"),
    [("?rule=unproven-handheld", ["carol"]), ("?rule=no-such-rule", []), ("?limit=1", ["bob"])],
)
async def test_a_list_is_of_one_rule_and_no_longer_than_wanted(
    vic: Caller, query: str, people: list[str]
) -> None:
    assert await listed(vic, query) == people


@pytest.mark.usefixtures("asked")
async def test_an_unknown_list_is_refused(vic: Caller) -> None:
    assert (await vic.get("/help-requests?which=some")).status == 422


@pytest.mark.usefixtures("asked")
async def test_an_answered_request_is_listed_only_among_all(ada: Caller, vic: Caller) -> None:
    told = await ada.post(DECISION, OF_ALICE)
    assert (told.status, told.body["state"], told.body["done_by"]) == (200, "done", "ada")
    assert "alice" not in await listed(vic)
    assert "alice" in await listed(vic, "?which=all")
    counts = (await vic.get("/help-requests?which=all")).body["rules"]
    assert {each["rule"]: each["requests"] for each in counts} == {
        "prohibited-app": 1,
        "unproven-handheld": 1,
    }


@pytest.mark.usefixtures("asked")
async def test_a_reopened_request_waits_again(ada: Caller, firm: Company) -> None:
    await ada.post(DECISION, OF_ALICE)
    told = (await ada.post(DECISION, OF_ALICE | {"done": False})).body
    assert (told["state"], told["done_at"], told["done_by"]) == ("waiting", None, "")
    about = "rule prohibited-app"
    assert (await firm.acts())[1:] == [("help-done", "ada", about), ("help-reopened", "ada", about)]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("done", [True, False])
async def test_an_unknown_help_request_is_refused(ada: Caller, firm: Company, done: bool) -> None:
    told = await ada.post(DECISION, OF_ALICE | {"subject": "nobody", "done": done})
    assert (told.status, told.body["detail"]) == (409, "there is no such request for help")
    assert len(await firm.acts()) == 1

"""People by the API."""

from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
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
        "Kept out since 2026-12-01 11:55 UTC: TikTok on it; jamf-file looked at 2026-12-01 11:00 UTC."
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

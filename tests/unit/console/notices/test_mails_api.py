"""Mails one by one: to whom, what became of each, and what somebody says of it."""

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.written_mails import gone, state_of, written

from mailgate.store import MailState

ENFORCED = "/notices/1/enforced"
RULE = "?rule=prohibited-app"
MAILS = f"{ENFORCED}/mails{RULE}"


async def test_pages_lead_to_all_mails_in_a_state_by_address(vic: Caller, firm: Company) -> None:
    mails = await written(firm, "dee", "ann", "cay", "bea", "eve")
    await gone(firm, mails["bea"], MailState.FAILED, "550")
    (failed,) = (await vic.get(f"{MAILS}&state=failed")).body["items"]
    assert failed["message_id"] == f"<{mails['bea'].id}@example.com>"
    assert [failed[name] for name in ("address", "login", "state", "why")] == [
        "bea@example.com", "bea", "failed", "550",
    ]  # fmt: skip
    found, after = list[str](), ""
    while True:
        told = (await vic.get(f"{MAILS}&state=queued&limit=2{after}")).body
        found += [each["login"] for each in told["items"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
        assert "@" not in after
    assert found == ["ann", "cay", "dee", "eve"]


async def test_a_page_after_a_deleted_mail_asks_to_start_again(vic: Caller, firm: Company) -> None:
    await written(firm, "ann")
    told = await vic.get(f"{MAILS}&state=queued&after={'0' * 32}")
    assert (told.status, "start again" in told.body["detail"]) == (409, True)


async def test_without_the_setting_mails_have_no_message_id(vic: Caller, firm: Company) -> None:
    await written(firm, "ann")
    firm.no_notices()
    (mail,) = (await vic.get(f"{MAILS}&state=queued")).body["items"]
    assert (mail["login"], mail["message_id"]) == ("ann", None)


async def test_a_state_has_to_be_named_and_known(vic: Caller) -> None:
    assert set((await vic.get(MAILS)).wrong) == {"state"}
    assert set((await vic.get(f"{MAILS}&state=lost")).wrong) == {"state"}


@pytest.mark.parametrize(
    ("state", "what", "becomes", "act"),
    [
        (MailState.UNSURE, "sent", "sent", "notices-settled"),
        (MailState.UNSURE, "again", "queued", "notices-settled"),
        (MailState.FAILED, "retry", "queued", "notices-retried"),
    ],
)
async def test_an_operator_decides_about_one_mail_or_all_of_them(
    ada: Caller, vic: Caller, firm: Company, state: MailState, what: str, becomes: str, act: str
) -> None:
    mails = await written(firm, "ann", "bea", "cay")
    for name in ("ann", "bea"):
        await gone(firm, mails[name], state, "550")
    one, rest, body = f"/mails/{mails['ann'].id}/decision", f"{ENFORCED}/decision{RULE}", {"what": what}
    assert [(await vic.post(path, body)).status for path in (one, rest)] == [403, 403]
    assert [await state_of(firm, mails[name]) for name in ("ann", "bea")] == [state, state]
    assert (await ada.post(one, body)).body == {"mails": 1}
    assert [await state_of(firm, mails[name]) for name in ("ann", "bea")] == [becomes, state]
    assert (await firm.acts())[-1][:2] == (act, "ada")
    again = await ada.post(one, body)
    assert (again.status, "none of these mails waits" in again.body["detail"]) == (409, True)
    assert (await ada.post(rest, body)).body == {"mails": 1}
    assert [await state_of(firm, mails[name]) for name in ("bea", "cay")] == [becomes, "queued"]
    assert (await firm.acts())[-1] == (act, "ada", "rule prohibited-app")


async def test_a_mail_cannot_get_an_impossible_state(ada: Caller, firm: Company) -> None:
    mails = await written(firm, "ann")
    path = f"/mails/{mails['ann'].id}/decision"
    assert (await ada.post(path, {"what": "retry"})).status == 409
    assert set((await ada.post(path, {"what": "eaten"})).wrong) == {"#/what"}
    assert (await ada.post(f"/mails/{'0' * 32}/decision", {"what": "sent"})).status == 404
    assert (await ada.post(f"{ENFORCED}/decision?rule=nope", {"what": "sent"})).status == 404
    assert await state_of(firm, mails["ann"]) == "queued"

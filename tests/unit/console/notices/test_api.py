"""What people may be told, what was written, and what a mail says."""

from datetime import timedelta

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import has, record
from tests.unit.console.written_mails import gone, state_of, written

from mailgate.model.notice import Notice
from mailgate.rollout.activation import retract
from mailgate.rollout.person import Person
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, MailKind, MailState

RULE = "?rule=prohibited-app"


async def test_every_rule_and_mail_tells_its_state(vic: Caller, firm: Company) -> None:
    mails = await written(firm, "ann", "bea")
    await gone(firm, mails["bea"], MailState.FAILED, "550")
    told = (await vic.get("/notices")).body
    rules = {each["rule"]: each for each in told["rules"]}
    rule = rules["prohibited-app"]
    assert (rule["kinds"], rule["why_not"], "laptop-browser" in rules) == (["enforced"], "", False)
    assert (told["sends"], told["version"], told["corrections"]) == (True, 1, [])
    assert told["mails"] == [
        {"version": 1, "kind": "enforced", "rule": "prohibited-app", "states": {"queued": 1, "failed": 1}}
    ]
    one = (await vic.get(f"/notices/1/enforced{RULE}")).body
    assert (one["states"], one["active"], one["may_be_sent"]) == (told["mails"][0]["states"], True, True)


async def test_without_the_setting_it_is_told_that_nobody_is_written_to(vic: Caller, firm: Company) -> None:
    firm.no_notices()
    assert not (await vic.get("/notices")).body["sends"]
    assert (await vic.get(f"/notices/1/enforced/preview{RULE}")).status == 200


async def test_a_notice_that_is_not_true_says_why(vic: Caller) -> None:
    told = (await vic.get(f"/notices/1/warned{RULE}")).body
    assert (told["may_be_sent"], "runs as enforce now, not as warn" in told["why_not"]) == (False, True)
    preview = await vic.get(f"/notices/1/warned/preview{RULE}&person=alice")
    assert (preview.status, preview.body["detail"]) == (409, told["why_not"])


@pytest.mark.parametrize(
    "path",
    [
        "/notices/9/enforced?rule=prohibited-app",
        "/notices/1/shouted?rule=prohibited-app",
        "/notices/1/enforced?rule=nope",
        "/notices/1/enforced",
        "/notices/1/correction?rule=prohibited-app",
    ],
)
async def test_an_unknown_notice_is_not_found(vic: Caller, path: str) -> None:
    place, _, query = path.partition("?")
    for more in ("?", "/preview?", "/mails?state=sent&"):
        assert (await vic.get(place + more + query)).status == 404, more


async def test_a_mail_is_previewed_in_a_language_and_for_one_person(vic: Caller, firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    told = (await vic.get(f"/notices/1/enforced/preview{RULE}&language=ar")).body
    assert (told["language"], 'dir="rtl"' in told["html"], told["subject"].isascii()) == ("ar", True, False)
    usual = (await vic.get(f"/notices/1/enforced/preview{RULE}")).body
    assert (usual["language"], "TikTok" in usual["text"]) == ("en", True)
    assert "TikTok" in (await vic.get(f"/notices/1/enforced/preview{RULE}&person=Alice")).body["text"]
    other = await vic.get(f"/notices/1/enforced/preview{RULE}&person=bob")
    assert (other.status, "is not about bob" in other.body["detail"]) == (409, True)
    odd = await vic.get(f"/notices/1/enforced/preview{RULE}&language=tlh")
    assert (odd.status, set(odd.wrong)) == (422, {"language"})


async def test_a_rolled_back_version_is_listed_with_its_corrections(vic: Caller, firm: Company) -> None:
    rules = firm.candidate("rules: [{id: shut, title: Nobody, when: 'true', effect: block}]")
    await firm.store.policies.activate(rule_texts_of(rules), Act(NOW, "ada", "policy-activated"))
    await retract(firm.store, Person("ada", "here"), "sent in error", NOW + timedelta(minutes=5))
    await written(
        firm,
        "ann",
        kind=MailKind.CORRECTION,
        version=2,
        rule="",
        notice=Notice(MailKind.CORRECTION, versions=(2,)),
    )
    told = (await vic.get("/notices")).body
    (back,) = told["corrections"]
    assert (back["versions"], back["looked_at"], back["done"]) == ([2], None, False)
    (mails,) = told["mails"]
    assert (mails["version"], mails["kind"], mails["rule"]) == (2, "correction", "")
    one = (await vic.get("/notices/2/correction")).body
    assert (one["may_be_sent"], "the gate writes corrections by itself" in one["why_not"]) == (False, True)
    assert "Nobody" in (await vic.get("/notices/2/correction/preview?language=fr")).body["text"]
    old = (await vic.get("/notices/2/enforced?rule=shut")).body
    assert (old["active"], "version 2 is not running" in old["why_not"]) == (False, True)


ENFORCED = "/notices/1/enforced"
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
    assert (again.status, "somebody else has already handled" in again.body["detail"]) == (409, True)
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

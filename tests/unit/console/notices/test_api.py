"""What people may be told, what was written, and what a mail says."""

from datetime import timedelta

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import has, record
from tests.unit.console.written_mails import gone, written

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
        {
            "version": 1,
            "kind": "enforced",
            "rule": "prohibited-app",
            "states": {"queued": 1, "failed": 1},
        }
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
    assert (one["may_be_sent"], "nobody writes corrections by hand" in one["why_not"]) == (False, True)
    assert "Nobody" in (await vic.get("/notices/2/correction/preview?language=fr")).body["text"]
    old = (await vic.get("/notices/2/enforced?rule=shut")).body
    assert (old["active"], "version 2 is not in force" in old["why_not"]) == (False, True)

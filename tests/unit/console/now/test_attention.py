"""What needs a person."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.console.browsing import NOW, READY, Company
from tests.unit.rollout.plans import NEWLY, hit, plan_of

from mailgate.console.connectors.sources import ConnectorFacts, MailLoss
from mailgate.console.now.attention import Need, Viewer, _mails, _plans, _sources, needs_now, needs_of
from mailgate.console.now.readiness import Readiness
from mailgate.model.phrase import phrase, stored, translate
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.rollout.plan import LABELS
from mailgate.store import HelpRequest
from mailgate.texts import console_languages

NOW = NOW.replace(second=0)
ADA, LIN = Viewer("ada", ["operator"]), Viewer("lin", ["operator", "approver"])
VIC = Viewer("vic", ["viewer"])


def state(**changed: Any) -> Readiness:
    """How a gate stands where all is well but for this."""
    told = {
        name: {**each, **changed[name]} if isinstance(changed.get(name), dict) else changed.get(name, each)
        for name, each in READY.items()
    }
    return Readiness.model_validate(told, strict=False)


def connector(**changed: Any) -> dict[str, Any]:
    return {"connectors": {"jamf-file": {**READY["connectors"]["jamf-file"], **changed}}}


def rules(**changed: Any) -> dict[str, Any]:
    return {"rules": changed}


def test_a_healthy_gate_needs_nobody() -> None:
    assert needs_of(state()) == []


@pytest.mark.parametrize(
    ("changed", "words", "page", "grave"),
    [
        ({"store": "unavailable"}, "database does not answer", "now", True),
        (
            {"config": {"mistakes": ["a:1:1: wrong"]}},
            "have 1 mistake and are not used: a:1:1: wrong",
            "policy",
            True,
        ),
        (rules(held="too many"), "are held: too many", "policy", False),
        (
            rules(off=["phones: halted since then"]),
            "A rule refuses nobody now. phones: halted since then",
            "exemptions",
            True,
        ),
        (rules(only_report=["phones only reports"]), "The rule phones only reports", "policy", False),
        (
            {"store": "unwritable", "ledger": {"error": "disk is full"}},
            "The database is read-only: disk is full",
            "now",
            True,
        ),
        (
            {"clock": {"state": "off", "offset_seconds": -7200.4}},
            "The clock of this gate is 7,200 seconds off",
            "now",
            True,
        ),
        ({"workers": {"wanted": 3, "answering": 2}}, "2 of 3 workers answer", "now", True),
        ({"ledger": {"dropped": 4}}, "4 requests were not recorded", "now", False),
        (
            connector(state="failing", trouble="timeout"),
            "jamf-file does not answer in time",
            "connectors",
            False,
        ),
        (
            connector(state="unavailable", trouble="timeout"),
            "jamf-file does not answer in time",
            "connectors",
            True,
        ),
        (
            connector(narrowed=7),
            "jamf-file saw every app on 7 devices. Now it sees only some",
            "connectors",
            False,
        ),
        (connector(state="held", held=7), "jamf-file no longer names 7 devices", "connectors", False),
    ],
)
def test_each_trouble_is_a_need_with_its_page(
    changed: dict[str, Any], words: str, page: str, grave: bool
) -> None:
    (need,) = needs_of(state(**changed))
    assert words in need.words
    assert (need.page, need.urgent) == (page, grave)


def plan(author: str, out: int = 0, unknown: int = 0, **changed: Any) -> Any:
    """A plan that needs one approval and has none, by which some lose mail, and some perhaps."""
    body = plan_of(
        headlines=[{"words": "WeChat joins the prohibited list"}],
        kept_out={"people": out, "devices": out + unknown},
        newly=dict.fromkeys(LABELS, NEWLY) | {"unknown": hit(0, unknown)},
    )
    made = SimpleNamespace(digest="a" * 64, author=author, made_at=NOW - timedelta(hours=1))
    told = {"state": "open", "needed": 1, "missing": 1, "approved": (), "against": (), "back": None}
    return SimpleNamespace(plan=made, body=body, **told | changed)


UNTIL = " Open until 2026-12-02 11:00 UTC."


@pytest.mark.parametrize(
    ("reader", "waiting", "words", "page", "more"),
    [
        (LIN, plan("ada"), "ada asks for your approval", "policy-plan", "Nobody newly loses mail." + UNTIL),
        (LIN, plan("ada", 2), "ada asks for your approval", "policy-plan", "2 people lose mail." + UNTIL),
        (
            LIN,
            plan("ada", 2, 1),
            "ada asks for your approval",
            "policy-plan",
            "2 people lose mail, or may." + UNTIL,
        ),
        (
            LIN,
            plan("ada", 0, 1),
            "ada asks for your approval",
            "policy-plan",
            "1 device loses mail, or may." + UNTIL,
        ),
        (ADA, plan("ada"), "Your plan needs 1 approval", "policy-plan", "Ask grace or lin." + UNTIL),
        (
            ADA,
            plan("ada", missing=0, approved=("grace",)),
            "Your plan is approved by grace",
            "policy-plan-apply",
            UNTIL.strip(),
        ),
        (
            ADA,
            plan("ada", back=SimpleNamespace(who="lin", why="on a weekday")),
            "lin sent your plan back",
            "policy-plan",
            "on a weekday",
        ),
        (
            ADA,
            plan("ada", missing=0, approved=("grace",), against=("it is a holiday",)),
            "Your plan is approved by grace",
            "policy-plan",
            "It is a holiday.",
        ),
    ],
)
def test_a_plan_waits_for_whoever_has_the_next_step(
    reader: Viewer, waiting: Any, words: str, page: str, more: str
) -> None:
    (need,) = _plans([waiting], reader, ["lin", "grace"])
    assert need.words == f"{words}: WeChat joins the prohibited list"
    assert (need.page, need.parts, need.more) == (page, {"digest": "a" * 64}, more)


@pytest.mark.parametrize(
    ("reader", "other"),
    [
        (ADA, plan("grace")),  # she may not approve
        (LIN, plan("ada", approved=("lin",), needed=2)),
        (ADA, plan("grace", missing=0, approved=("lin",))),
        *((ADA, plan("ada", state=each)) for each in ("expired", "overtaken", "in force")),
        (ADA, plan("ada", needed=0, missing=0)),
    ],
)
def test_a_plan_that_waits_for_others_is_not_told(reader: Viewer, other: Any) -> None:
    assert list(_plans([other], reader, ["lin", "grace"])) == []


def test_the_title_of_a_plan_is_in_the_language_of_the_page() -> None:
    starts = {
        "words": stored(phrase("“%(rule)s” starts on", rule="phones")),
        "at": "2026-12-01T08:00:00+00:00",
    }
    waiting = plan("ada")
    waiting.body = plan_of(headlines=[starts])
    (need,) = _plans([waiting], LIN, [])
    german = console_languages()["de"]
    told = translate(need.words, german)
    assert told == "ada bittet um Ihre Genehmigung: „phones“ beginnt am Di., 1. Dez. 2026"


def test_urgent_needs_come_first() -> None:
    found = needs_of(state(store="unavailable", **rules(held="too many"), **connector(state="held")))
    assert [need.urgent for need in found] == [True, False, False]


@pytest.mark.parametrize(
    ("corrections", "unsure", "words"),
    [
        (1, 1, ["1 correction may not have been delivered."]),
        (0, 1200, ["1,200 mails may not have been delivered."]),
        (2, 3, ["2 corrections may not have been delivered.", "1 mail may not have been delivered."]),
    ],
)
def test_mails_that_nobody_knows_of_are_counted(corrections: int, unsure: int, words: list[str]) -> None:
    found = list(_mails(corrections, unsure))
    assert [need.words for need in found] == words
    assert {need.page for need in found} == {"notices"}


def test_a_source_that_fails_says_what_that_costs_and_when() -> None:
    loss = MailLoss(at=NOW, devices=15, whole=True, first=NOW + timedelta(hours=9), hours=[0] * 24)
    failing = READY["connectors"]["jamf-file"] | {
        "state": "failing",
        "trouble": "throttled",
        "status": 429,
        "trouble_since": NOW,
        "next_attempt": NOW + timedelta(minutes=20),
        "last_success": NOW,
    }
    facts = ConnectorFacts(name="jamf", type="jamf", polls=True, reading=None, loss=loss, **failing)
    (need,) = _sources([("jamf", facts)])
    assert (need.words, need.urgent) == ("jamf asks to wait again and again.", True)
    assert need.more == (
        "If it stays away, 15 devices may lose mail within 24 hours, the first 2026-12-01 21:00 UTC."
        " HTTP 429 Too Many Requests. Since 2026-12-01 12:00 UTC. Next try 2026-12-01 12:20 UTC."
    )


async def test_who_asked_for_help_first_is_named_first(firm: Company) -> None:
    for person, hours in (("bob", 5), ("ada", 50), ("cy", 1), ("dan", 2)):
        await firm.store.help_requests.note(request_of(person, NOW - timedelta(hours=hours)))
    await firm.store.help_requests.answered("cy", NOW, "soon")
    (need,) = await needs_in(firm, ADA)
    assert need.words == "3 people are waiting for help."
    assert need.more == "Waiting longest: ada (2 days), bob (5 hours), dan (2 hours)."
    assert await needs_in(firm, VIC) == []


async def test_rules_off_and_ending_exemptions_are_told(firm: Company) -> None:
    rule = firm.bundle.policy.rules[0].id
    off = Relief(1, Cause.BREAK_GLASS, rule, "too strict", "grace", NOW, NOW + timedelta(hours=12))
    lets_in = [
        Relief(n, Cause.EXEMPTION, "", "new phone", "ada", NOW, NOW + timedelta(hours=n), person=f"p{n}")
        for n in (26, 6, 2)
    ]
    firm.bundle = firm.with_reliefs(Reliefs(1, (off, *lets_in)))
    turned_off, ending = await needs_in(firm, ADA)
    assert "is off until 2026-12-02 00:00 UTC." in turned_off.words
    assert (turned_off.more, turned_off.parts, turned_off.urgent) == (
        "grace: “too strict”",
        {"rule": rule},
        False,
    )
    assert ending.words == "2 exemptions end within 24 hours."
    assert ending.more == "p2: 2026-12-01 14:00 UTC, p6: 2026-12-01 18:00 UTC"
    halt = replace(off, cause=Cause.HALT, until=None, why="10 asked for help")
    firm.bundle = firm.with_reliefs(Reliefs(2, (halt,)))
    (halted,) = await needs_in(firm, ADA)
    assert ("stopped by itself" in halted.words, halted.more, halted.urgent) == (
        True,
        "10 asked for help",
        True,
    )


async def needs_in(firm: Company, reader: Viewer) -> list[Need]:
    readiness = await firm.context.readiness()
    return await needs_now(firm.context, readiness, [], NOW, reader)


def request_of(person: str, at: datetime) -> HelpRequest:
    told = {
        "person": person,
        "device": "",
        "reason": "posture-stale",
        "reference": f"ref-{person}",
        "policy": "p",
    }
    return HelpRequest("phones", person, known=True, times=1, first_at=at, last_at=at, **told)

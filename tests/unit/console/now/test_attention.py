"""What needs a person."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.console.browsing import READY
from tests.unit.rollout.plans import plan_of

from mailgate.console.now.attention import needs_of
from mailgate.console.now.readiness import Readiness
from mailgate.model.phrase import phrase, stored, translate
from mailgate.texts import console_languages


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
    assert needs_of(state(), []) == []


@pytest.mark.parametrize(
    ("changed", "words", "page", "grave"),
    [
        ({"store": "unavailable"}, "store does not answer", "now", True),
        (
            {"config": {"mistakes": ["a:1:1: wrong"]}},
            "have 1 mistake and are not used: a:1:1: wrong",
            "policy",
            True,
        ),
        (rules(held="too many"), "are held: too many", "policy", False),
        (
            rules(off=["phones: halted since then"]),
            "A rule restricts nobody now. phones: halted since then",
            "exemptions",
            True,
        ),
        (rules(only_report=["phones only reports"]), "The rule phones only reports", "policy", False),
        (
            {"store": "unwritable", "ledger": {"error": "disk is full"}},
            "The store accepts no writes: disk is full",
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
        ({"ledger": {"dropped": 4}}, "4 sightings were lost", "now", False),
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
        (connector(narrowed=7), "jamf-file saw 7 devices whole and now sees only some", "connectors", False),
        (connector(state="held", held=7), "7 devices are no longer named by jamf-file", "connectors", False),
    ],
)
def test_each_trouble_is_a_need_with_its_page(
    changed: dict[str, Any], words: str, page: str, grave: bool
) -> None:
    (need,) = needs_of(state(**changed), [])
    assert words in need.words
    assert (need.page, need.urgent) == (page, grave)


def test_a_plan_that_waits_for_others_is_named_and_others_are_not() -> None:
    plan = SimpleNamespace(digest="a" * 64, author="ada")
    body = plan_of(headlines=[{"words": "WeChat joins the prohibited list"}])
    waiting = SimpleNamespace(plan=plan, body=body, state="open", missing=2)
    others = [
        SimpleNamespace(plan=plan, state=each, missing=2) for each in ("expired", "overtaken", "in force")
    ]
    approved = SimpleNamespace(plan=plan, state="open", missing=0)
    (need,) = needs_of(state(), [waiting, *others, approved])  # type: ignore[list-item]
    assert need.words == "The plan by ada needs 2 approvals: WeChat joins the prohibited list"
    assert (need.page, need.parts) == ("policy-plan", {"digest": "a" * 64})


def test_the_title_of_a_plan_is_in_the_language_of_the_page() -> None:
    starts = {
        "words": stored(phrase("Rule '%(rule)s' starts on", rule="phones")),
        "at": "2026-12-01T08:00:00+00:00",
    }
    plan = SimpleNamespace(digest="a" * 64, author="ada")
    waiting = SimpleNamespace(plan=plan, body=plan_of(headlines=[starts]), state="open", missing=1)
    (need,) = needs_of(state(), [waiting])  # type: ignore[list-item]
    german = console_languages()["de"]
    told = translate(need.words, german)
    assert told == "Der Plan von ada braucht 1 Genehmigung: Regel „phones“ beginnt am 1. Dezember 2026"


def test_urgent_needs_come_first() -> None:
    found = needs_of(state(store="unavailable", **rules(held="too many"), **connector(state="held")), [])
    assert [need.urgent for need in found] == [True, False, False]


@pytest.mark.parametrize(
    ("unsure", "words"), [(1, "1 mail about a rule is unsure"), (1200, "1,200 mails about rules are")]
)
def test_mails_that_nobody_knows_of_are_counted(unsure: int, words: str) -> None:
    (need,) = needs_of(state(), [], unsure)
    assert (words in need.words, need.page) == (True, "notices")

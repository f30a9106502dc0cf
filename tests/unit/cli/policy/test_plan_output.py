"""A plan on the terminal, in every case that it can be in."""

import io
from itertools import dropwhile
from typing import Any

from rich.console import Console
from tests.unit.rollout.plans import ADA, NEWLY, NOBODY, PLAN, hit, plan_of

from mailgate.cli.policy.plan_output import Examples, show_plan
from mailgate.policy.simulate.impact import Mover
from mailgate.rollout.plan import LABELS


def shown(*movers: Mover, **changes: Any) -> str:
    console, examples = Console(file=io.StringIO(), width=200), Examples()
    examples.add(movers)
    show_plan(plan_of(**changes), console, examples)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_a_change_that_moves_nobody_is_short() -> None:
    text = shown()
    assert "of 1,200 people, 3,400 known devices:" in text
    assert "Tests: 2 of 2 cases hold" in text
    for absent in ("Rules that do nothing", "by rule", "Some outcomes are not known"):
        assert absent not in text


def test_more_rows_than_fit_are_counted() -> None:
    rows = [{"value": f"rule-{number}", "people": 1, "devices": 1} for number in range(11)]
    new = hit(11, 11, by=NEWLY["by"] | {"rule": rows})
    text = shown(newly=PLAN["newly"] | {"block": new})
    assert "rule-7" in text
    assert "rule-8" not in text
    assert "and 3 more" in text


def test_unknown_outcomes_are_said_with_their_cause() -> None:
    text = shown(
        newly=PLAN["newly"] | {"unknown": hit(4, 5)}, depends_on={"request.remote": 5}, newly_listed=["Go"]
    )
    assert "Some outcomes are not known: they depend on request.remote" in text
    assert "Go is new on the list" in text


def test_rules_that_do_nothing_are_named_with_why() -> None:
    text = shown(rules={"match_nobody": ["a"], "out_of_reach": {"b": "so it is"}, "not_started": ["c"]})
    assert "“b” can never decide anything: so it is" in text
    assert "“a” is about nobody" in text
    assert "“c” has not begun" in text


def test_exemptions_and_rules_that_are_off_are_said() -> None:
    off = {"cause": "halt", "since": "2026-11-24T00:00:00+00:00", "until": None, "why": "too many"}
    text = shown(reliefs={"serial": 1, "exempt": {"people": 2, "devices": 1}, "off": {"a": off}})
    assert "The exemptions of 2 people and 1 device were applied" in text
    assert "“a” is off by itself, since 2026-11-24 00:00 UTC: too many." in text
    assert "exemptions" not in shown()


def test_people_who_move_at_a_stage_stand_under_its_date() -> None:
    nobody = dict.fromkeys(LABELS, NOBODY)
    moments = [
        {"at": PLAN["made_at"], "newly": nobody},
        {"at": "2026-12-15T09:00:00+01:00", "newly": nobody | {"block": {"people": 1, "devices": 1}}},
    ]
    text = shown(ADA._replace(apps=("tiktok",), since=2, until=2), later=moments)
    assert "Once every grace is over and no rule is out, nothing changes for anybody." in text
    assert "From 2026-12-15 08:00 UTC on, beside what applies by then:" in text
    assert "newly without mail 1 1" in text
    assert (
        "ada: phone ios, d1, has tiktok: with mail by open without the change, then without mail by app (prohibited-app)"
        in text
    )


def test_people_who_may_be_refused_at_an_unknown_moment_are_named() -> None:
    hit = {"people": 1, "devices": 1, "rules": ["late"]}
    text = shown(ADA._replace(since=1, until=1), undated=PLAN["undated"] | hit)
    assert "At times that we cannot tell" in text
    assert "1 person with 1 device might lose mail" in text
    assert "ada: phone ios, d1: with mail by open now" in text
    assert "At times that we cannot tell" not in shown()


def test_people_missed_by_a_share_or_a_stage_are_named() -> None:
    held = {"rules": ["app"], "newly": dict.fromkeys(LABELS, NEWLY) | {"block": hit(1, 2)}}
    text = shown(ADA._replace(since=2, until=2), held_back=held)
    assert (
        "do not block today: app. If they blocked for everybody, these would change too: 1 person with 2"
        in text
    )
    assert "ada: phone ios, d1: with mail by open without the change, then without mail by app" in text
    assert "Held back" not in shown()


def test_few_examples_are_named_each_of_another_person() -> None:
    examples = Examples()
    named = [ADA._replace(person=f"person-{number // 2}", device=f"d{number}") for number in range(40)]
    examples.add(
        [*named, ADA._replace(person="", since=0, until=2), ADA._replace(label="warn", since=1, until=1)]
    )
    assert [each.device for each in examples.of(0, "block")] == [f"d{2 * number}" for number in range(8)]
    assert [each.device for each in examples.of(2, "warn", "block")] == ["d1"]
    assert [each["label"] for each in examples.plain()] == ["block"] * 9 + ["warn"]


def test_a_sentence_goes_on_further_in_at_a_terminal_and_is_one_line_in_a_pipe() -> None:
    def printed(terminal: bool) -> list[str]:
        console = Console(file=io.StringIO(), width=40, force_terminal=terminal, color_system=None)
        show_plan(plan_of(newly_listed=["Go"]), console, Examples())
        lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
        return list(dropwhile(lambda line: "Go is" not in line, lines))

    assert printed(terminal=False)[0].endswith("so we do not know who has it.")
    first, second, *_ = printed(terminal=True)
    assert (len(first) <= 40, second[:5].strip()) == (True, second[4])

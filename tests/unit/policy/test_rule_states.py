"""What a rule does now, and which apps are prohibited: one answer for everybody who says so."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.unit.policy.examples import NOW, policy_of
from tests.unit.policy.simulate.examples import accesses, policies
from tests.unit.rollout.examples import rules

from mailgate.console.words import APP_STATES, RULE_STATES
from mailgate.model import Access, Effect
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rule_states import (
    STATE_OF_EFFECT,
    AppState,
    RuleState,
    app_standings,
    enforcement_starts,
    keeps_out_now,
    prohibited_apps,
    state_of,
    stuck_in_report_only,
    unreachable,
)

APPS = "apps: {tiktok: {name: TikTok}, wechat: {name: WeChat}, chess: {name: Chess}}\nlists: {prohibited: [tiktok], seen: [chess]}\n"
EARLY, LATE = "2020-01-01", "2031-01-01"


def policy(
    *fields: str, effect: str = "block", reliefs: tuple[Relief, ...] = (), further: str = ""
) -> Policy:
    given = "".join(f", {each}" for each in fields)
    when = """'"prohibited" in device.lists || "wechat" in device.apps'"""
    text = f"rules:\n  - {{id: app, when: {when}, effect: {effect}{given}}}\n"
    text += """  - {id: seen, when: '"seen" in device.lists', effect: warn}\n"""
    return replace(rules(text + further, APPS).policy, reliefs=Reliefs(1, reliefs))


def off(cause: Cause, **more: str) -> Relief:
    return Relief(1, cause, "app", "why", "ada", NOW, NOW + timedelta(days=1), **more)


STATES = [
    ([], "block", (), RuleState.BLOCKS),
    ([], "challenge", (), RuleState.CHALLENGES),
    ([], "warn", (), RuleState.WARNS),
    ([], "allow", (), RuleState.LETS_IN),
    ([f"stages: {{report_only: {EARLY}}}"], "block", (), RuleState.WATCHES),
    ([f"stages: {{warn: {EARLY}, enforce: {LATE}}}"], "block", (), RuleState.WARNS),
    ([f"stages: {{warn: {EARLY}}}"], "challenge", (), RuleState.WARNS),
    ([f"stages: {{enforce: {EARLY}}}"], "block", (), RuleState.BLOCKS),
    ([f"stages: {{enforce: {LATE}}}"], "block", (), RuleState.WAITS),
    (["share: 0%"], "block", (), RuleState.OFF),
    (["share: 1%"], "block", (), RuleState.BLOCKS),
    ([], "block", (off(Cause.HALT),), RuleState.OFF),
    ([], "block", (off(Cause.BREAK_GLASS),), RuleState.OFF),
    ([], "allow", (off(Cause.BREAK_GLASS),), RuleState.LETS_IN),
    ([], "block", (off(Cause.EXEMPTION, person="ada"),), RuleState.BLOCKS),
]


@pytest.mark.parametrize(("fields", "effect", "reliefs", "state"), STATES)
def test_a_rule_does_what_its_stage_and_its_reliefs_leave_of_it(
    fields: list[str], effect: str, reliefs: tuple[Relief, ...], state: RuleState
) -> None:
    known = policy(*fields, effect=effect, reliefs=reliefs)
    assert state_of(known, known.rules[0], NOW) is state
    stops = state in (RuleState.BLOCKS, RuleState.CHALLENGES)
    assert keeps_out_now(known, known.rules[0], NOW) is stops
    assert prohibited_apps(known, NOW) == (frozenset({"tiktok", "wechat"}) if stops else frozenset())
    states = {key: each.state for key, each in app_standings(known, NOW).items()}
    assert states["tiktok"] is states["wechat"] is (AppState.PROHIBITED if stops else AppState.LISTED)
    assert states["chess"] is AppState.LISTED


def test_future_starts_of_refusing_rules_are_told_once_and_in_order() -> None:
    given = [
        ("block", "enforce: 2031-01-02"),
        ("challenge", "enforce: 2031-01-01"),
        ("block", "enforce: 2031-01-01"),
        ("block", "enforce: 2026-12-10"),
        ("block", "warn: 2031-01-03"),
        ("warn", "enforce: 2031-01-04"),
    ]
    text = "  - {id: at-once, when: 'true', effect: block}\n"
    for number, (effect, start) in enumerate(given):
        text += f"  - {{id: r{number}, when: 'true', effect: {effect}, stages: {{{start}}}}}\n"
    known = rules(f"rules:\n{text}", APPS).policy
    assert enforcement_starts(known, NOW) == [datetime(2031, 1, day, tzinfo=UTC) for day in (1, 2)]


def prohibited_from(known: Policy, app: str) -> datetime | None:
    return app_standings(known, NOW)[app].prohibited_from


def test_an_app_is_prohibited_from_the_first_rule_that_refuses_it() -> None:
    late = datetime(2031, 1, 1, tzinfo=UTC)
    assert prohibited_from(policy(f"stages: {{warn: {EARLY}, enforce: {LATE}}}"), "tiktok") == late
    assert prohibited_from(policy(f"stages: {{warn: {EARLY}, enforce: {LATE}}}"), "chess") is None
    assert prohibited_from(policy(), "tiktok") is None
    stricter = """  - {id: late, when: '"prohibited" in device.lists', effect: block, stages: {enforce: 2032-01-01}}\n"""
    assert prohibited_from(policy(further=stricter), "tiktok") is None
    assert prohibited_from(policy(f"stages: {{enforce: {LATE}}}", further=stricter), "tiktok") == late
    assert prohibited_from(policy(f"stages: {{enforce: {LATE}}}", "share: 0%"), "tiktok") is None


def test_every_state_has_one_word() -> None:
    assert set(STATE_OF_EFFECT) == set(Effect)
    for words, states in ((RULE_STATES, RuleState), (APP_STATES, AppState)):
        assert set(words) == set(states)
        assert len(set(map(str, words.values()))) == len(words)


SAYING = ("views", "console", "cli", "gateway", "mail", "demo")
"""The rooms that print."""
ABOUT_A_PLAN = {"console/apps/facts.py"}
"""Says which rules and lists would keep an app out, whatever they do today."""


def sources() -> dict[str, str]:
    with as_file(files("mailgate")) as package:
        found = [
            path
            for room in SAYING
            for path in (Path(package) / room).rglob("*")
            if path.suffix in (".py", ".html")
        ]
        return {str(path.relative_to(package)): path.read_text("utf-8") for path in found}


def test_only_one_place_says_the_state_of_a_rule_or_an_app() -> None:
    """No place that prints decides by the effect or the stage that stands in the file."""
    found = sources()
    assert len(found) > 200
    own = [
        name
        for name, text in found.items()
        if name not in ABOUT_A_PLAN
        and re.search(
            r"\.keeps_out\b|rule\.effect *\| *effect|[\"'](Prohibited|Allowed)[\"']|stages\.at\(", text
        )
    ]
    assert own == ["console/words.py"], "it has the words"


@pytest.mark.parametrize(
    ("when", "prohibited"),
    [
        ('client.handheld && !("wechat" in device.apps)', set()),
        ('client.handheld && !("seen" in device.lists)', set()),
        ('"prohibited" in device.lists || !("wechat" in device.apps)', {"tiktok"}),
        ('client.handheld && device.state != "clean"', {"tiktok", "chess"}),
        ('client.handheld && !(device.state == "clean")', {"tiktok", "chess"}),
        ('device.state in ["listed", "stale"]', {"tiktok", "chess"}),
        ('device.state == "stale"', set()),
        ('device.state == "clean"', set()),
        ('!(device.state in ["clean", "listed"])', set()),
    ],
)
def test_an_app_is_prohibited_if_it_makes_a_device_unclean(when: str, prohibited: set[str]) -> None:
    text = f"rules:\n  - {{id: app, when: '{when}', effect: block}}\n"
    assert prohibited_apps(rules(text, APPS).policy, NOW) == prohibited


def named(**stages: str) -> dict[str, str]:
    return stuck_in_report_only(policy_of({"stages": stages}), NOW, timedelta(days=5))


def test_a_rehearsal_without_an_end_is_named_from_its_first_day() -> None:
    assert named(report_only="2026-12-10") == {
        "rule-0": "has only watched since 10 December 2026, and no later stage ends that"
    }


def test_a_rehearsal_that_takes_too_long_is_named_although_it_ends() -> None:
    assert named(report_only="2026-12-04", enforce="2026-12-20") == {
        "rule-0": "has only watched since 4 December 2026, which is longer than 5d; it ends 20 December 2026"
    }


def test_a_rehearsal_within_its_time_is_not_named() -> None:
    assert not named(report_only="2026-12-05", warn="2026-12-20")


def test_a_rule_before_or_after_its_rehearsal_or_without_one_is_not_named() -> None:
    assert not named(report_only="2026-12-11")
    assert not named(report_only="2026-11-01", warn="2026-12-09")
    assert not stuck_in_report_only(policy_of({}), NOW, timedelta())


HANDHELD = {"when": "client.handheld"}
TAKEN = "`rule-0`, read before it, takes everybody whom it is about"


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (({}, HANDHELD), {"rule-1": TAKEN}),
        ((HANDHELD, {"when": 'client.handheld && user.name == "ada"'}), {"rule-1": TAKEN}),
        ((HANDHELD, {"when": "!client.handheld"}, {}), {"rule-2": "`rule-0`, `rule-1`, read before it, take everybody whom it is about"}),
        (({"when": '"prohibited" in device.lists'}, {"when": 'client.handheld&&"prohibited"  in device.lists'}), {"rule-1": TAKEN}),
        (({"when": 'client.kind == "laptop" && client.kind == "phone"'},), {"rule-0": "its condition can never hold"}),
        ((HANDHELD | {"share": "50%"}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"report_only": "2026-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2027-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"groups": ("pilot",)}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2026-12-01"}}, HANDHELD), {"rule-1": TAKEN}),
        (({"when": 'client.handheld || user.name == "ada"'}, {"when": 'user.name == "ada"'}), {}),
        (({"when": 'device.state != "clean"', "on_unavailable": "allow"}, {"when": 'device.state != "clean" && client.handheld'}), {}),
        ((HANDHELD | {"on_unavailable": "allow"}, HANDHELD), {"rule-1": TAKEN}),
        (({"when": "device.known", "on_unavailable": "allow", "effect": "allow"}, {"when": "device.known"}), {"rule-1": TAKEN}),
        (({"when": "1 / 0 == 1"}, {}), {}),
        (({}, {"when": "1 / 0 == 1"}), {"rule-1": TAKEN}),
        (({"when": "!client.handheld && client.probed"}, HANDHELD, {"when": "client.handheld || client.probed"}), {"rule-2": "`rule-0`, `rule-1`, read before it, take everybody whom it is about"}),
    ],
)  # fmt: skip
def test_an_unreachable_rule_is_named_with_why(
    rules: tuple[dict[str, Any], ...], named: dict[str, str]
) -> None:
    assert unreachable(policy_of(*rules), NOW) == named


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('user.name == "a && b"', 'user.name == "a && b" && client.handheld'),
        ("user.name == 'it\\'s && b'", "client.handheld && user.name=='it\\'s && b'"),
        ('(client.os == "a" || user.name == "b")', '(client.os == "a"||user.name == "b") && [client.handheld][0]'),
        ("user.groups.exists(g, g == 'a' || g == 'b')", "client.handheld && user.groups.exists(g, g == 'a' || g == 'b')"),
        ("user.name == 'a'", "user.name == // not 'b'\n 'a' && client.handheld"),
        ("client.os == 'a' && user.name == 'b'", "user.name == 'b' && client.handheld && client.os == 'a'"),
    ],
)  # fmt: skip
def test_a_condition_that_adds_to_an_earlier_one_is_unreachable(first: str, second: str) -> None:
    assert unreachable(policy_of({"when": first}, {"when": second}), NOW) == {"rule-1": TAKEN}
    assert unreachable(policy_of({"when": second}, {"when": first}), NOW) == {}


@pytest.mark.parametrize(
    "condition",
    [
        "client.os == 'a' || user.name == 'b' && client.handheld",
        "client.os == 'a' ? client.model == 'x' : user.name == 'b' && client.handheld",
        "client.os == 'a' // && client.handheld",
        "!(client.os == 'a' && client.handheld && client.model == 'x')",
        "client.os == '''x' && client.handheld && 'y'''",
        'client.os == """x" && client.handheld && "y"""',
        "client.os == 'a' ? user.name == 'b' && client.handheld : user.name == 'c'",
    ],
)
def test_an_apparent_part_of_a_condition_is_not_split(condition: str) -> None:
    assert unreachable(policy_of(HANDHELD, {"when": condition}), NOW) == {}


@pytest.mark.parametrize("text", ['r"a"', "R'a'", 'b"a"', "B'a'", 'br"a"', '"""a"""', "'''a'''"])
def test_a_condition_with_an_odd_string_is_not_split(text: str) -> None:
    compared = "b''" if "b" in text.lower() else "client.os"
    same = {"when": f"{compared} != {text} && user.name == ''"}
    assert unreachable(policy_of(same, same), NOW) == {}


@pytest.mark.parametrize(("person", "device"), [("ada", ""), ("", "d1"), ("", "")])
def test_an_exempt_person_reaches_the_next_rule(person: str, device: str) -> None:
    cause = Cause.EXEMPTION if person or device else Cause.BREAK_GLASS
    relief = Relief(1, cause, "rule-0", "", "", NOW, NOW + timedelta(days=1), person=person, device=device)
    policy = replace(policy_of({}, HANDHELD), reliefs=Reliefs(1, (relief,)))
    assert unreachable(policy, NOW) == {}
    assert "rule-1" in unreachable(policy, NOW + timedelta(days=1))


def test_the_shipped_kind_of_policy_is_within_reach() -> None:
    rules = (
        {"when": 'client.kind == "laptop"', "effect": "allow"},
        {"when": 'client.handheld && "prohibited" in device.lists'},
        {"when": 'client.handheld && device.state != "clean"'},
        {"when": "client.handheld", "effect": "allow"},
    )
    assert unreachable(policy_of(*rules), NOW) == {}


@given(policies, accesses)
def test_no_rule_that_is_named_ever_decides(policy: Policy, seen: Access) -> None:
    named = unreachable(policy, seen.now)
    decided = decide(seen, policy)
    assert decided.rule not in named


def test_many_closed_variables_are_tried_in_part() -> None:
    many = " && ".join(f'{name} == ""' for name in ("client.form", "attestation.refused"))
    closed = 'client.kind == "laptop" && device.kind == "phone" && request.protocol == "web" && device.state == "clean"'
    assert unreachable(policy_of({"when": f"{many} && {closed}"}, {}, {}), NOW) == {
        "rule-2": "`rule-1`, read before it, takes everybody whom it is about"
    }


EIGHT = ["client.handheld", "client.contradicted", "client.probed", "device.known", "device.managed", "device.contradicted", "attestation.valid", "certificate.valid"]  # fmt: skip


@pytest.mark.parametrize(("others", "named"), [(7, ["rule-0"]), (8, [])])
def test_only_so_many_combinations_are_tried(others: int, named: list[str]) -> None:
    """Seven variables have 128, with eight kinds and four states 4096; of more the longest set is left out."""
    other = " || ".join([*EIGHT[:others], 'attestation.status == "none"'])
    when = f'client.kind == "laptop" && client.kind == "phone" && ({other})'
    assert list(unreachable(policy_of({"when": when}), NOW)) == named


def test_only_the_first_rules_of_very_many_are_compared_with() -> None:
    """Beyond them nothing is named: whatever is named is out of reach all the same."""
    rules = [{"when": f'device.os_version == "{number}"'} for number in range(300)]
    twins = [{"id": f"twin-{number}", **rules[number]} for number in (0, 199, 200, 299)]
    assert list(unreachable(policy_of(*rules, *twins), NOW)) == ["twin-0", "twin-199"]

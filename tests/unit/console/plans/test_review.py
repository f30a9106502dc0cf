"""What an approver reads of a plan: the rule with its dates, those who lose mail by name, and the checks."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.phones import has, record
from tests.unit.rollout.plans import NEWLY, hit, moved, plan_of

from mailgate.console.plans.review import Losers, checks_of, losers_of, planned_rules, stages_picture
from mailgate.model import Stage
from mailgate.policy.simulate.impact import Mover
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.plan import LABELS, Plan
from mailgate.store import Act, StoredPlan
from mailgate.store.policies import RuleTexts

WARN, BLOCK = datetime(2026, 12, 8, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC)
RULE = {
    "id": "deepseek", "when": 'client.handheld && "deepseek" in device.apps && client.contradicted', "effect": "block",
    "groups": ["sales"], "share": "50%", "stages": {"warn": WARN.isoformat(), "enforce": BLOCK.isoformat()},
}  # fmt: skip
APPS = {"apps": {"deepseek": {"name": "DeepSeek", "ios": ["com.deepseek.chat"]}}, "lists": {}}


def newly(**counts: int) -> dict[str, Any]:
    rows = {
        label: [{"value": "deepseek", "people": count, "devices": count}] for label, count in counts.items()
    }
    told = {
        label: hit(count, count, by=NEWLY["by"] | {"rule": rows[label]}) for label, count in counts.items()
    }
    return dict.fromkeys(LABELS, NEWLY) | told


def soon(**more: Any) -> Plan:
    """A plan by which six people are warned, and lose mail a week later."""
    later = [
        {"at": WARN.isoformat(), "newly": newly(warn=6)},
        {"at": BLOCK.isoformat(), "newly": newly(block=6)},
    ]
    change = {"sign": "+", "about": "rule deepseek", "words": "blocks"}
    sales = {"group": [{"value": "sales", "people": 100, "devices": 90}]}
    six = {"people": 6, "devices": 6}
    return plan_of(**{"changes": [change], "later": later, "company": sales, "kept_out": six} | more)


def stored(rules: list[dict[str, Any]]) -> StoredPlan:
    texts = {"policy.yaml": json.dumps({"rules": rules}), "apps.yaml": json.dumps(APPS)}
    return StoredPlan("d" * 64, 3, RuleTexts("p2", texts), "", "ada", NOW)


async def test_a_rule_is_read_from_its_condition_its_groups_and_its_dates() -> None:
    (rule,) = await planned_rules(stored([RULE]), soon(), NOW)
    assert (rule.sign, rule.kinds, rule.apps, rule.rest) == (
        "+",
        "Phones and tablets",
        ("DeepSeek",),
        "client.contradicted",
    )
    assert (rule.groups, rule.share) == ((("sales", 100),), 0.5)
    assert [(each.stage, each.newly) for each in rule.stages] == [
        (Stage.PENDING, 0),
        (Stage.WARN, 6),
        (Stage.ENFORCE, 6),
    ]
    drawn = stages_picture(rule, narrow=True)
    assert drawn.words == "From 8 December 2026: 6 warned. From 15 December 2026: 6 lose mail."


async def test_a_stage_that_meets_devices_of_nobody_alone_says_how_many() -> None:
    rows = [{"value": "deepseek", "people": 0, "devices": 2}]
    told = {"block": hit(0, 2, by=NEWLY["by"] | {"rule": rows})}
    later = [{"at": BLOCK.isoformat(), "newly": dict.fromkeys(LABELS, NEWLY) | told}]
    (rule,) = await planned_rules(stored([RULE]), soon(later=later), NOW)
    assert stages_picture(rule).words.endswith("From 15 December 2026: 2 devices lose mail.")


@pytest.mark.parametrize(
    ("when", "apps", "rest"),
    [
        ('client.handheld && ["deepseek"].exists(app, app in device.apps)', ("DeepSeek",), ""),
        (
            'client.handheld && ["deepseek"].exists(app, app == "x")',
            (),
            '["deepseek"].exists(app, app == "x")',
        ),
    ],
)
async def test_a_rule_about_one_of_several_apps_names_them(
    when: str, apps: tuple[str, ...], rest: str
) -> None:
    (rule,) = await planned_rules(stored([RULE | {"when": when}]), soon(), NOW)
    assert (rule.apps, rule.rest) == (apps, rest)


async def test_a_rule_that_stays_is_there_if_other_people_come_under_it() -> None:
    still = {"id": "rest", "when": "true", "effect": "allow"}
    found = await planned_rules(stored([RULE, still]), soon(changes=[]), NOW)
    assert [(each.words.id, each.sign) for each in found] == [("deepseek", "")]


def ahead(*moved: tuple[str, str] | tuple[str, str, int]) -> list[dict[str, Any]]:
    """Later moments, a week apart, at which a rule moves six devices or so many."""
    found = []
    for weeks, (label, rule, *count) in enumerate(moved):
        devices = count[0] if count else 6
        rows = [{"value": rule, "people": devices, "devices": devices}]
        told = {label: hit(devices, devices, by=NEWLY["by"] | {"rule": rows})}
        at = WARN + timedelta(weeks=weeks)
        found.append({"at": at.isoformat(), "newly": dict.fromkeys(LABELS, NEWLY) | told})
    return found


EASED = moved(6, out=0)
"""Who could not prove a device before and may now."""
NONE = Losers((), None, 0, more=False)


@pytest.mark.parametrize(
    ("more", "losers", "look", "words"),
    [
        ({}, replace(NONE, people=6, on_laptop=6), "ok", "All 6 people ask for mail on a laptop too"),
        ({}, replace(NONE, people=6, on_laptop=4), "warn", "4 of 6 people ask for mail on a laptop too; of 2 that is not known"),
        ({}, replace(NONE, people=6), "warn", "Whether any of them asks for mail on a laptop is not known"),
        ({}, NONE, "ok", "They are warned 7 days before"),
        ({}, NONE, "ok", "Nobody gains or loses mail today"),
        ({"newly": newly(block=6)}, NONE, "warn", "They lose mail at once, without a warning"),
        ({"later": [{"at": BLOCK.isoformat(), "newly": newly(block=6)}]}, NONE, "warn", "They lose mail without a warning before"),
        ({"later": ahead(("warn", "other"), ("block", "deepseek"))}, NONE, "warn", "They lose mail without a warning before"),
        ({"later": ahead(("warn", "deepseek"), ("block", "deepseek"), ("block", "other"))}, NONE, "warn", "Not all of them are warned before"),
        ({"later": ahead(("warn", "deepseek", 5), ("block", "deepseek"))}, NONE, "warn", "They lose mail without a warning before"),
        ({"newly": newly(unknown=6)}, NONE, "warn", "They might lose mail at once, without a warning"),
        ({"newly": newly(challenge=6), "moved": EASED}, NONE, "ok", "They are warned 7 days before"),
        ({"newly": newly(challenge=6), "moved": EASED | {"nobodys": 2}}, NONE, "warn", "They lose mail at once, without a warning"),
        ({"cases": {"run": 0, "failed": []}}, NONE, "warn", "No test case says what these rules must do"),
        ({}, NONE, "ok", "It needs no approval"),
    ],
)  # fmt: skip
def test_each_check_is_a_sentence_that_says_how_it_came_out(
    more: dict[str, Any], losers: Losers, look: str, words: str
) -> None:
    status = PlanStatus(stored([]), soon(**more), "open", 0, (), (), None)
    assert (look, words) in list(checks_of(status, losers))


async def test_those_who_lose_mail_are_named_with_what_is_known_of_them(firm: Company) -> None:
    phone, other = await has(firm, record("a1", "ada", "tiktok", age=2), record("b1", "bob"))
    mover = Mover(
        "ada",
        phone.id,
        "phone",
        "ios",
        ("sales",),
        "listed",
        ("tiktok",),
        "block",
        "allow",
        "open",
        "block",
        "app",
        "prohibited-app",
        1,
        2,
    )
    movers = [
        mover._replace(person="bob", device=other.id, apps=(), label="unknown", since=0),
        mover,
        mover._replace(rule="another way of the same device"),
        mover._replace(person="cy", label="warn"),
        mover._replace(person="held", since=4),
    ]  # fmt: skip
    plan = replace(stored([]), movers=len(movers))
    await firm.store.plans.keep(plan, Act(NOW, "ada", "policy-planned"))
    await firm.store.movers.add(plan.digest, 1, movers)
    found = await losers_of(firm.context, plan, soon())
    assert [(each.facts.person, each.apps, each.laptop_at) for each in found.rows] == [
        ("ada", (("TikTok", NOW - timedelta(hours=2)),), None),
        ("bob", (), None),
    ]
    assert (found.people, found.on_laptop, found.more) == (2, 0, False)

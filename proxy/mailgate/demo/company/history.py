"""The history of the rules: six changes in two months. One of them was a mistake and was rolled back."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from string import Template

from mailgate.config import Rules, compile_rules
from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.rollout import rule_texts_of
from mailgate.rollout.activation import ACTIVATED, retract
from mailgate.rollout.person import Person
from mailgate.store import Store

OPERATOR, SECOND = "ada", "grace"
"""The admins who change rules in this company."""
ORIGIN = "admin.example.com"
_FRIDAY = 4
_LETS_IN, _FIRST = "  - id: clean-handheld\n", "rules:\n"
_POLICY, _CASES = "policy.yaml", "policy.tests.yaml"


@dataclass(frozen=True, slots=True)
class Era:
    """Rules, and when they came in force."""

    since: datetime
    policy: Policy
    exempted: frozenset[str] = frozenset()
    """The login names of people who are exempt."""


@dataclass(frozen=True, slots=True)
class _Change:
    days: int
    """How many days ago the rules came in force. If that was a weekend, they came in force on the Friday before."""
    hour: int
    who: str
    note: str
    rules: str
    """The policy file that came in force; empty for the gate's own rules, and if the last change was rolled back."""
    taken_back: bool = False

    def at(self, now: datetime) -> datetime:
        day = now - timedelta(days=self.days)
        day -= timedelta(days=max(day.weekday() - _FRIDAY, 0))
        return day.replace(hour=self.hour, minute=20, second=0, microsecond=0)


_CHANGES = (
    _Change(62, 9, BY_FILE, phrase("the first start"), "first"),
    _Change(12, 9, OPERATOR, "Look at what phones report; nobody loses mail", "reporting"),
    _Change(8, 13, SECOND, "Tell people with TikTok what comes", "warning"),
    _Change(5, 9, SECOND, "Block phones with TikTok", "mistaken"),
    _Change(
        5, 12, OPERATOR,
        "Sent in error: it refused people with any listed app. There is no change to the rules", "", taken_back=True,
    ),
    _Change(3, 14, OPERATOR, "Block phones with TikTok, and those that report nothing", ""),
)  # fmt: skip


def policy_text(name: str) -> str:
    """One of this company's policies."""
    return files(__package__).joinpath("rules", f"{name}.yaml").read_text("utf-8")


def with_policy(rules: Rules, name: str, since: datetime) -> Rules:
    """These rules with the policy of one of this company's files, whose stages began on that day, and without cases. Raises ConfigError."""
    return _with_text(rules, Template(policy_text(name)).safe_substitute(since=since.date().isoformat()))


def planned(rules: Rules) -> Rules:
    """These rules with one more rule, which is planned but not in force. Raises ConfigError."""
    return _with_text(rules, with_one_more(rules.texts[_POLICY], policy_text("more")))


def with_one_more(policy: str, rule: str) -> str:
    """The text of a policy with one more rule, before the one that lets in all other phones, or the first."""
    before = _LETS_IN if _LETS_IN in policy else _FIRST
    return policy.replace(before, rule + before if before is _LETS_IN else before + rule, 1)


def _with_text(rules: Rules, policy: str) -> Rules:
    kept = {key: each for key, each in rules.texts.items() if key != _CASES}
    return compile_rules(kept | {_POLICY: policy})


async def put_versions_in_force(store: Store, rules: Rules, now: datetime) -> list[Era]:
    """Put each version in force at its time, ``rules`` last. Returns the versions with their times, the oldest first.

    Raises ConfigError if the company's rules name apps or lists that ``rules`` do not have.
    """
    versions = {
        each.rules: with_policy(rules, each.rules, each.at(now)) if each.rules else rules for each in _CHANGES
    }
    eras: list[Era] = []
    for change in _CHANGES:
        at, who = change.at(now), Person(change.who, ORIGIN)
        if change.taken_back:
            await retract(store, who, change.note, at)
            eras.append(Era(at, eras[-2].policy))
            continue
        version = versions[change.rules]
        await store.policies.activate(rule_texts_of(version), who.act(at, ACTIVATED, change.note))
        eras.append(Era(at, version.policy))
    return eras


def in_force_at(eras: Sequence[Era], at: datetime) -> Policy:
    return eras[max(bisect_right(eras, at, key=lambda era: era.since) - 1, 0)].policy

"""Steps: what could differ about one access. Either somebody can take a step, or it is only hypothetical."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailgate.model import Access
from mailgate.policy.rules import Policy


class StepBy(StrEnum):
    """Who can bring a step about."""

    PERSON = "person"
    COMPANY = "company"
    TIME = "time"
    NOBODY = "nobody"
    """The step is hypothetical, such as another device, another person or another share."""


class StepKind(StrEnum):
    """The things that can differ, in the order in which steps take effect."""

    WAIT = "wait"
    FIND = "find"
    LOSE = "lose"
    AGREE = "agree"
    REMOVE_APPS = "remove-apps"
    INSTALL_APP = "install-app"
    REPORT = "report"
    MANAGE = "manage"
    UNMANAGE = "unmanage"
    ENROL = "enrol"
    PROVE = "prove"
    WITHHOLD_PROOF = "withhold-proof"
    CERTIFICATE = "certificate"
    PROBE = "probe"
    AGREEING_SIGNALS = "agreeing-signals"
    GROUP = "group"
    KIND = "kind"
    NEVER_REPORTED = "never-reported"
    UNAVAILABLE = "unavailable"
    CONTRADICTED = "contradicted"
    SHARE = "share"
    USER = "user"
    ADDRESS = "address"
    SYSTEM = "system"


Fact = tuple[str, ...]
PolicyCase = tuple[Access, Policy]
"""An access, and the rules that decide it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that differs. ``facts`` are everything that changes with it, so a smaller step has fewer."""

    what: StepKind
    by: StepBy
    facts: frozenset[Fact]
    apply: Callable[[PolicyCase], PolicyCase] = field(compare=False, repr=False)
    about: tuple[str, ...] = ()
    """The object of the step, in the words of the rules: apps, an issuer, a kind, a rule, …"""
    at: datetime | None = None
    """The end of a wait; None for other steps."""


def step(
    what: StepKind,
    by: StepBy,
    change: Callable[[Access], Access],
    *about: str,
    facts: set[Fact] | None = None,
    at: datetime | None = None,
) -> Step:
    """A step that changes the access and not the rules."""
    own = frozenset(facts or {(what.value, *about)})
    return Step(what, by, own, lambda asked: (change(asked[0]), asked[1]), about, at)


def words_compared(policy: Policy, variable: str) -> tuple[str, ...]:
    """The words that some rule compares with a variable."""
    found = frozenset[str]().union(*(rule.when.names.get(variable, ()) for rule in policy.rules))
    return tuple(sorted(found - {""}))

"""What could be different about one access: a step that a person, the company or time can take, or that is only supposed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailgate.model import Access
from mailgate.policy.rules import Policy


class By(StrEnum):
    """Who can bring a step about."""

    PERSON = "person"
    COMPANY = "company"
    TIME = "time"
    NOBODY = "nobody"
    """It is only supposed: another device, another person, another share."""


class What(StrEnum):
    """What is different, in the order in which it takes effect."""

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
Question = tuple[Access, Policy]
"""Who asks, and by which rules it is decided."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is different. ``facts`` are all that comes with it: of two steps the smaller brings less."""

    what: What
    by: By
    facts: frozenset[Fact]
    apply: Callable[[Question], Question] = field(compare=False, repr=False)
    about: tuple[str, ...] = ()
    """Apps, an issuer, a kind, a rule, …: what it is about, in the words of the rules."""
    at: datetime | None = None
    """Until when to wait."""


def step(
    what: What,
    by: By,
    change: Callable[[Access], Access],
    *about: str,
    facts: set[Fact] | None = None,
    at: datetime | None = None,
) -> Step:
    """A step that changes who asks and nothing of the rules."""
    own = frozenset(facts or {(what.value, *about)})
    return Step(what, by, own, lambda asked: (change(asked[0]), asked[1]), about, at)


def words(policy: Policy, variable: str) -> tuple[str, ...]:
    """The words that some rule compares with a variable."""
    found = frozenset[str]().union(*(rule.when.names.get(variable, ()) for rule in policy.rules))
    return tuple(sorted(found - {""}))

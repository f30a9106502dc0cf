"""Mails about rules: which may be sent now, which were, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.mail.topic import topic_of
from mailgate.policy import Policy
from mailgate.rollout.acts import RefusedError
from mailgate.store import About, MailCount, MailKind, MailState

KINDS = (MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED)
"""What a person may send; corrections are written by a retraction alone."""
WORDS = {
    MailKind.UPCOMING: "it is coming",
    MailKind.WARNED: "it warns now",
    MailKind.ENFORCED: "it counts now",
    MailKind.CORRECTION: "it was taken back",
    MailKind.REPLY: "an answer to a request for help",
}
"""What a mail of each kind says of its rule."""


@dataclass(frozen=True, slots=True)
class Tellable:
    """What people may be told of a rule now."""

    rule: str
    """The rule's id."""
    title: str
    """What it is, in words."""
    kinds: tuple[MailKind, ...]
    """What is true of it now, and may be sent."""
    why_not: str
    """Why nothing may; empty where something may."""


@dataclass(slots=True)
class Sent:
    """Mails that say the same, by what became of them."""

    about: About
    states: Counter[MailState] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.states.total()


def tellable(policy: Policy, version: int, now: datetime) -> list[Tellable]:
    """Every rule that restricts, in the order of the policy."""
    return [_of(policy, version, rule.id, rule.title or "", now) for rule in policy.rules if rule.restricts]


def _of(policy: Policy, version: int, rule: str, title: str, now: datetime) -> Tellable:
    kinds, refused = [], list[str]()
    for kind in KINDS:
        try:
            topic_of(policy, version, rule, kind, now)
            kinds.append(kind)
        except RefusedError as error:
            refused.append(str(error))
    return Tellable(rule, title, tuple(kinds), "" if kinds else refused[0])


def sent(counts: Iterable[MailCount]) -> list[Sent]:
    """Counts together that are about the same, in the order in which they come."""
    found: dict[About, Sent] = {}
    for each in counts:
        about = About(each.version, each.kind, each.rule)
        found.setdefault(about, Sent(about)).states[each.state] += each.count
    return list(found.values())


def of(counts: Iterable[MailCount], about: About) -> Sent:
    """What became of the mails about this; nothing where there are none."""
    return next((each for each in sent(counts) if each.about == about), Sent(about))

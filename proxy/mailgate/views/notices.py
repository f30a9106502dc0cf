"""Notices as facts: which may be sent now, which mails were written, and what became of each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mailgate.config.mail import NoticeSettings
from mailgate.mail.composer import message_id
from mailgate.mail.recipient_list import RecipientList
from mailgate.mail.topic import topic_of
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.rollout.person import RefusedError
from mailgate.store import Mail, MailCount, MailKind, MailState, NoticeKey

KINDS = (MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED)
"""The kinds that a person may send; corrections are written by a retraction alone."""
WORDS = {
    MailKind.UPCOMING: phrase("it is coming"),
    MailKind.WARNED: phrase("it warns now"),
    MailKind.ENFORCED: phrase("it is in force"),
    MailKind.CORRECTION: phrase("it was taken back"),
    MailKind.REPLY: phrase("an answer to a request for help"),
}
"""The statement of each kind of mail about its rule."""


class RuleNotices(Fact):
    """Which notices about a rule may be sent now."""

    rule: str
    """The rule's id."""
    title: str
    """Its title or another name in words."""
    kinds: tuple[MailKind, ...]
    """The kinds that are true now and may be sent."""
    why_not: Words
    """Why none may be sent. Empty if one may."""


class NoticeMails(Fact):
    """Mails that say the same."""

    version: int
    """The version whose rule they are about; of corrections, the one that was taken back."""
    kind: MailKind
    """Their statement about the rule."""
    rule: str
    """The rule's id; empty for corrections."""
    states: Mapping[MailState, int]
    """How many are in each state; a state without mails is left out."""

    @property
    def about(self) -> NoticeKey:
        return NoticeKey(self.version, self.kind, self.rule)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    def count(self, *states: MailState | str) -> int:
        """How many mails are in these states together."""
        return sum(self.states.get(MailState(each), 0) for each in states)


class NoticeFacts(NoticeMails):
    """Mails that say the same, and whether more may be sent."""

    title: str
    """The rule in words. Empty for corrections."""
    active: bool
    """Whether the version is in force."""
    may_be_sent: bool
    """Whether its statement is true now, so that it may be sent."""
    why_not: Words
    """Why it may not. Empty if it may."""


class MailFacts(Fact):
    """One mail to one person, without its text."""

    id: str
    """Its id."""
    message_id: str | None
    """Its Message-ID, which the mail server's log shows; null while the settings have no `notices`."""
    version: int
    """The version whose rule it is about; of a correction, the one that was taken back."""
    kind: MailKind
    """Its statement about the rule."""
    rule: str
    """The rule's id; empty for a correction."""
    address: str
    """The address to which it goes."""
    login: str
    """The login name of the recipient."""
    state: MailState
    """Its state."""
    attempts: int
    """How often it was not accepted and was put off."""
    why: str
    """Why it failed, was put off or is unsure, as a code or a word; otherwise empty."""
    may_be_retried: bool
    """Whether it failed and can be sent again."""
    queued_at: Instant
    """When it was queued."""
    changed_at: Instant | None
    """When its state changed last."""
    until: Instant | None
    """The time from which it is no longer true and is not sent. Null if there is none."""


class RecipientCounts(Fact):
    """How many people are on a recipient list, and how many are not, by cause."""

    to_write: int
    """People to write to."""
    written_before: int
    """People who have this mail already."""
    no_address: int
    """People without an address in the company's domain."""
    nameless: int
    """Devices whose owner nobody knows."""
    undecided: int
    """People for whom it cannot be decided whether the rule is about them."""


def rule_notices(policy: Policy, version: int, now: datetime) -> list[RuleNotices]:
    """Every rule that restricts, in the order of the policy."""
    return [_of(policy, version, rule.id, rule.title or "", now) for rule in policy.rules if rule.restricts]


def _of(policy: Policy, version: int, rule: str, title: str, now: datetime) -> RuleNotices:
    kinds, refused = [], list[str]()
    for kind in KINDS:
        try:
            topic_of(policy, version, rule, kind, now)
            kinds.append(kind)
        except RefusedError as error:
            refused.append(error.words)
    return RuleNotices(rule=rule, title=title, kinds=tuple(kinds), why_not="" if kinds else refused[0])


def mails_by_notice(counts: Iterable[MailCount]) -> list[NoticeMails]:
    """Add up the counts of each notice, in the order in which they come."""
    found: dict[NoticeKey, Counter[MailState]] = {}
    for each in counts:
        about = NoticeKey(each.version, each.kind, each.rule)
        found.setdefault(about, Counter())[each.state] += each.count
    return [NoticeMails(**about._asdict(), states=states) for about, states in found.items()]


def mails_of(counts: Iterable[MailCount], about: NoticeKey) -> NoticeMails:
    """The counts of one notice. If nobody got it, there are none in any state."""
    none = NoticeMails(**about._asdict(), states={})
    return next((each for each in mails_by_notice(counts) if each.about == about), none)


def mail_facts(mail: Mail, settings: NoticeSettings | None) -> MailFacts:
    """One mail as a fact, by these settings of notices."""
    derived: dict[str, Any] = {
        "message_id": message_id(mail.id, settings.domain) if settings else None,
        "may_be_retried": mail.state is MailState.FAILED and mail.notice is not None,
    }
    named = {name: getattr(mail, name) for name in MailFacts.model_fields if name not in derived}
    return MailFacts(**named, **derived)


def recipient_counts(found: RecipientList) -> RecipientCounts:
    """The counts of a recipient list."""
    return RecipientCounts(
        to_write=len(found.mails),
        written_before=found.written_before,
        no_address=len(found.unaddressed),
        nameless=found.nameless,
        undecided=len(found.undecided),
    )

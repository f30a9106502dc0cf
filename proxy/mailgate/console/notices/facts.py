"""Notices as facts: which may be sent now, and the state of the mails that were written."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from mailgate.config.mail import NoticeSettings
from mailgate.mail.composer import message_id
from mailgate.mail.on_dates import AGAINST, LATE, OFF, UNTRUE, dated_notices
from mailgate.mail.recipient_list import RecipientList, Recipients
from mailgate.mail.topic import topic_of
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.rollout.person import RefusedError
from mailgate.store import Mail, MailCount, MailKind, MailState, NoticeKey, Store

KINDS = (MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED)
"""The kinds that an admin may send. Corrections are written only after a roll back."""
WORDS = {
    MailKind.UPCOMING: phrase("it is coming"),
    MailKind.WARNED: phrase("it warns now"),
    MailKind.ENFORCED: phrase("it blocks now"),
    MailKind.CORRECTION: phrase("it was rolled back"),
    MailKind.REPLY: phrase("an answer to a request for help"),
}
"""What a mail of each kind says about its rule."""


class RuleNotices(Fact):
    """Which notices about a rule may be sent now."""

    rule: str
    """The rule's id."""
    title: str
    """Its title; empty if it has none."""
    kinds: tuple[MailKind, ...]
    """The kinds that are true now and may be sent."""
    why_not: Words
    """Why none may be sent; empty if one may."""


class NoticeOnDate(Fact):
    """A notice that the gate starts by itself."""

    rule: str
    """The rule's id."""
    title: str
    """Its title; its id if it has none."""
    version: int
    """The version in force."""
    kind: MailKind
    """What it says about the rule."""
    at: Instant
    """When it starts, was started, or was held back."""
    mails: int | None
    """How many mails were written; null if it did not start."""
    why_held: Words
    """Why it was held back, so that a person decides; empty otherwise."""


HELD = {
    LATE: phrase("it could not start in time"),
    OFF: phrase("the rule was off"),
    AGAINST: phrase("the version was started against the guard"),
    UNTRUE: phrase("what it says is not so"),
}
"""Why a notice did not start by itself."""


async def notices_on_dates(store: Store, policy: Policy) -> list[NoticeOnDate]:
    """The notices of the rules in force that start by themselves, in the order of the policy. Raises StoreUnavailableError."""
    active = await store.policies.active()
    if active is None or not any(rule.notice.send for rule in policy.rules):
        return []
    started = await store.mails.started()
    done = {(each.rule, each.kind): each for each in started if each.serial == active.serial}
    return [
        NoticeOnDate(
            rule=each.rule.id,
            title=str(each.rule.title or each.rule.id),
            version=active.number,
            kind=each.kind,
            at=told.at if told else each.at,
            mails=told.mails if told and not told.why else None,
            why_held=HELD.get(told.why, "") if told else "",
        )
        for each in dated_notices(policy, active.at)
        for told in [done.get((each.rule.id, each.kind))]
    ]


class NoticeMails(Fact):
    """Mails with the same text."""

    version: int
    """The version that has the rule; for corrections, the version that was rolled back."""
    kind: MailKind
    """What they say about the rule."""
    rule: str
    """The rule's id; empty for corrections."""
    states: Mapping[MailState, int]
    """The number of mails in each state, without states that no mail is in."""

    @property
    def about(self) -> NoticeKey:
        return NoticeKey(self.version, self.kind, self.rule)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    def count(self, *states: MailState | str) -> int:
        """The number of mails in these states."""
        return sum(self.states.get(MailState(each), 0) for each in states)


class NoticeFacts(NoticeMails):
    """Mails with the same text, and whether more may be sent."""

    title: str
    """The title of the rule; empty for corrections."""
    active: bool
    """Whether the version is in force."""
    may_be_sent: bool
    """Whether the notice is true now and may be sent."""
    why_not: Words
    """Why it may not be sent; empty if it may."""


class MailFacts(Fact):
    """One mail to one person, without its text."""

    id: str
    """Its id."""
    message_id: str | None
    """Its Message-ID, by which it is found in the mail server's log; null if the settings have no `notices`."""
    version: int
    """The version that has the rule; for a correction, the version that was rolled back."""
    kind: MailKind
    """What it says about the rule."""
    rule: str
    """The rule's id; empty for a correction."""
    address: str
    """The address of the recipient."""
    login: str
    """The login name of the recipient."""
    state: MailState
    """Its state."""
    attempts: int
    """How often its delivery was put off."""
    why: str
    """Why it failed, was put off or is unsure, as a code or a word; otherwise empty."""
    may_be_retried: bool
    """Whether it failed and may be sent again."""
    queued_at: Instant
    """When it was queued."""
    changed_at: Instant | None
    """When its state last changed; null if it never did."""
    until: Instant | None
    """When it stops being true and is no longer sent; null if it stays true."""


class RecipientCounts(Fact):
    """The number of people on a recipient list, and of those left out, by cause."""

    to: Recipients
    """Whom to write to."""
    to_write: int
    """People who get the mail."""
    newly: int
    """People whom the version in force treats otherwise than the version before it, and who do not have this mail."""
    untold: int
    """Others who had no such mail about this rule by an earlier version."""
    told_earlier: int
    """Others who had such a mail by an earlier version."""
    written_before: int
    """People who already have this mail, by the version in force."""
    no_address: int
    """People without an address in the company's domain."""
    nameless: int
    """Devices without a known owner."""
    undecided: int
    """People for whom it is unknown whether the rule is about them."""


def rule_notices(policy: Policy, version: int, now: datetime) -> list[RuleNotices]:
    """The notices of every rule that restricts, in the order of the policy."""
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
    """Add up the counts of each notice, in order of appearance."""
    found: dict[NoticeKey, Counter[MailState]] = {}
    for each in counts:
        about = NoticeKey(each.version, each.kind, each.rule)
        found.setdefault(about, Counter())[each.state] += each.count
    return [NoticeMails(**about._asdict(), states=states) for about, states in found.items()]


def mails_of(counts: Iterable[MailCount], about: NoticeKey) -> NoticeMails:
    """The counts of one notice; empty if no mail was written."""
    none = NoticeMails(**about._asdict(), states={})
    return next((each for each in mails_by_notice(counts) if each.about == about), none)


def mail_facts(mail: Mail, settings: NoticeSettings | None) -> MailFacts:
    """A mail as a fact, with its Message-ID by these settings."""
    told = message_id(mail.id, settings.domain) if settings else None
    may_be_retried = mail.state is MailState.FAILED and mail.notice is not None
    return MailFacts.taken_from(mail, message_id=told, may_be_retried=may_be_retried)


def recipient_counts(found: RecipientList, to: Recipients = Recipients.NEW) -> RecipientCounts:
    """The counts of a recipient list, if these people are written to."""
    newly, untold, told_earlier = (len(found.part(each)) for each in Recipients)
    return RecipientCounts.taken_from(
        found,
        to=to,
        to_write=len(found.to(to)),
        newly=newly,
        untold=untold,
        told_earlier=told_earlier,
        no_address=len(found.unaddressed),
        undecided=len(found.undecided),
    )

"""The mails to this company's people: about a refusal, about a rule, and about a rule that was taken back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from mailgate.demo.company.devices import drawn
from mailgate.demo.company.requests import RepeatedAnswer
from mailgate.model import Effect, Protocol, Reason
from mailgate.store import Activation, Mail, MailKind, MailState, Store

_PAUSE = timedelta(days=7)
"""The time between two mails to one person about one cause."""
_MAX_MAILS = 3
_PER_HOUR = 1_000_000
_STATES = {MailState.SENT: 96, MailState.FAILED: 3, MailState.UNSURE: 1}
_WHY = {MailState.FAILED: "550", MailState.UNSURE: "lost"}


@dataclass(frozen=True, slots=True)
class AffectedPerson:
    """A person who was refused or warned."""

    login: str
    device: str
    policy: str
    rule: str
    effect: Effect
    reason: Reason
    first: datetime
    last: datetime
    reference: str
    by_mail_app: bool
    """Whether it was a mail app, which can show no page."""


def affected_by(asked: RepeatedAnswer) -> AffectedPerson:
    """The person who was refused or warned by this answer."""
    access, decision = asked.access, asked.decision
    return AffectedPerson(
        access.user.name,
        access.posture.device_id or access.client.eas_id.lower(),
        decision.policy_version,
        decision.rule,
        decision.effect,
        decision.reason,
        asked.tally.first,
        asked.tally.last,
        asked.tally.reference,
        access.client.protocol is Protocol.ACTIVESYNC,
    )


async def write_to_them(
    store: Store, random: Random, reached: Iterable[AffectedPerson], now: datetime
) -> None:
    """Store every mail as written at its time."""
    by_time = sorted(reached, key=lambda each: (each.first, each.login, each.device))
    refused = {
        (each.login, each.device, each.reason.value): each.first
        for each in reversed(by_time)
        if each.by_mail_app and each.effect is Effect.BLOCK
    }
    for key, at in reversed(refused.items()):
        await store.quarantine_mails.claim(*key, at, pause=_PAUSE, at_most=_MAX_MAILS, per_hour=_PER_HOUR)
    history = list(reversed(await store.policies.history()))
    await store.mails.queue(_about_rules(random, by_time, history))
    for retraction in await store.retractions.open():
        await store.retractions.note_search(retraction.serial, now, done=True)


def _about_rules(
    random: Random, by_time: Iterable[AffectedPerson], history: list[Activation]
) -> Iterator[Mail]:
    """One mail to each person whom a version warned or kept out because of an app, and one if the version was taken
    back."""
    versions = {each.policy: each for each in reversed(history)}
    back = {gone.policy: after for gone, after in pairwise(history) if after.number < gone.number}
    told: set[tuple[str, int]] = set()
    for each in by_time:
        version = versions[each.policy]
        if each.reason is not Reason.PROHIBITED_APP or (each.login, version.number) in told:
            continue
        told.add((each.login, version.number))
        kind = MailKind.WARNED if each.effect is Effect.WARN else MailKind.ENFORCED
        mail = Mail(each.login, each.login, each.rule, version.number, kind, 0, None, version.at)
        yield _written(random, mail)
        if each.policy in back:
            after = back[each.policy]
            sorry = replace(mail, rule="", kind=MailKind.CORRECTION, round=after.serial, queued_at=after.at)
            yield _written(random, sorry)


def _written(random: Random, mail: Mail) -> Mail:
    """The state of a mail."""
    state = drawn(random, _STATES)
    return replace(mail, state=state, why=_WHY.get(state, ""))

"""The mails to this company's people: about a refusal, about a rule, and about a rule that was taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from mailgate.demo.company.devices import drawn
from mailgate.demo.company.history import Era
from mailgate.demo.company.requests import RepeatedAnswer
from mailgate.model import Decision, Effect, Protocol, Reason
from mailgate.policy import Policy
from mailgate.policy.decide import decide
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
    corrected: bool
    """Whether these rules were taken back, and the rules after them answer otherwise."""


def affected_by(asked: RepeatedAnswer, eras: Sequence[Era]) -> AffectedPerson:
    """The person who was refused or warned by this answer. ``eras`` are all versions, the oldest first."""
    access, decision = asked.access, asked.decision
    back = _taken_back_to(decision.policy_version, eras)
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
        back is not None and _told(decide(access, back)) != _told(decision),
    )


def _taken_back_to(version: str, eras: Sequence[Era]) -> Policy | None:
    """The earlier rules that came in force again after these; None if other rules did."""
    names = [each.policy.version for each in eras]
    here = names.index(version)
    after = next((each.policy for each in eras[here:] if each.policy.version != version), None)
    return after if after is not None and after.version in names[:here] else None


def _told(decision: Decision) -> tuple[object, ...]:
    """What a correction compares (``mail/corrections.py``)."""
    return decision.effect, decision.reason, decision.apps, decision.fix


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
    back and something is different for them."""
    by_time = [*by_time]
    corrected = {(each.login, each.policy) for each in by_time if each.corrected}
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
        if each.policy in back and (each.login, each.policy) in corrected:
            after = back[each.policy]
            sorry = replace(mail, rule="", kind=MailKind.CORRECTION, round=after.serial, queued_at=after.at)
            yield _written(random, sorry)


def _written(random: Random, mail: Mail) -> Mail:
    """The state of a mail."""
    state = drawn(random, _STATES)
    return replace(mail, state=state, why=_WHY.get(state, ""))

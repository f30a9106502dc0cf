"""Who is affected by rules: mails about refusals and corrections, exemptions, a rule turned off, requests for help."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from random import Random
from typing import NamedTuple

from mailgate.config import Rules
from mailgate.demo.company.devices import CompanyDevice, DeviceProblem, drawn
from mailgate.demo.company.history import OPERATOR, ORIGIN, SECOND, Era
from mailgate.demo.company.requests import RepeatedAnswer
from mailgate.model import Decision, Effect, Protocol, Reason
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import EVERY_RULE, break_glass, end_exemption, exempt
from mailgate.store import Activation, HelpRequest, Mail, MailKind, MailState, Store
from mailgate.store.sightings import Sighting, Tally

_PAUSE = timedelta(days=7)
"""The time between two mails to one person about one cause."""
_MAX_MAILS = 3
_PER_HOUR = 1_000_000
_STATES = {MailState.SENT: 96, MailState.FAILED: 3, MailState.UNSURE: 1}
_WHY = {MailState.FAILED: "550", MailState.UNSURE: "lost"}


class AffectedPerson(NamedTuple):
    """Who was refused or warned, as it is on record."""

    seen: Sighting
    tally: Tally
    corrected: bool
    """Whether these rules were rolled back, and the rules after them answer otherwise."""

    @property
    def device(self) -> str:
        return self.seen.device or self.seen.client.eas_id.lower()


def affected_by(asked: RepeatedAnswer, eras: Sequence[Era]) -> AffectedPerson:
    """The person who was refused or warned by this answer. ``eras`` are all versions, the oldest first."""
    back = _taken_back_to(asked.sighting.policy, eras)
    corrected = back is not None and _told(decide(asked.access, back)) != _told(asked.decision)
    return AffectedPerson(asked.sighting, asked.tally, corrected)


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
    by_time = sorted(reached, key=lambda each: (each.tally.first, each.seen.user, each.device))
    refused = {
        (each.seen.user, each.device, each.seen.reason): each.tally.first
        for each in reversed(by_time)
        if each.seen.client.protocol == Protocol.ACTIVESYNC and each.seen.effect == Effect.BLOCK
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
    """One mail to each person whom a version warned or kept out for an app, and one if that was corrected."""
    by_time = [*by_time]
    corrected = {(each.seen.user, each.seen.policy) for each in by_time if each.corrected}
    versions = {each.policy: each for each in reversed(history)}
    back = {gone.policy: after for gone, after in pairwise(history) if after.number < gone.number}
    told: set[tuple[str, int]] = set()
    for seen in (each.seen for each in by_time):
        version, login = versions[seen.policy], seen.user
        if seen.reason != Reason.PROHIBITED_APP or (login, version.number) in told:
            continue
        told.add((login, version.number))
        kind = MailKind.WARNED if seen.effect == Effect.WARN else MailKind.ENFORCED
        mail = Mail(login, login, seen.rule, version.number, kind, 0, None, version.at)
        yield _written(random, mail)
        if seen.policy in back and (login, seen.policy) in corrected:
            after = back[seen.policy]
            sorry = replace(mail, rule="", kind=MailKind.CORRECTION, round=after.serial, queued_at=after.at)
            yield _written(random, sorry)


def _written(random: Random, mail: Mail) -> Mail:
    state = drawn(random, _STATES)
    return replace(mail, state=state, why=_WHY.get(state, ""))


_GIVEN = (
    (50, OPERATOR, "At a customer without a device management until next week", 9),
    (44, SECOND, "Replacement phone is on its way", 3),
    (30, OPERATOR, "Tests a mail app for the support team", 60),
)
"""For each exemption: how many hours ago it was given, by whom, why, and for how many days."""
_ENDED = 8
"""How many hours ago the last of them was ended."""
_TURNED_OFF, _OFF = "kind-contradicted", 2
"""The rule that is off for everybody, and for how many hours it has been."""
_ASKS = 6
"""One in this many people who are refused asks for help."""
CALLER = "cyan.door@example.com"
"""Who always asks, if the rules refuse them: the start page sends its reader to them."""
_WORDS = ("I am on a train and need my mail", "", "It worked yesterday", "", "")
"""What they write with it, in turn."""


async def exempt_some(store: Store, rules: Rules, found: Iterable[CompanyDevice], now: datetime) -> list[Era]:
    """Exempt some people with phones not known to be clean. Returns the rules from each time on."""
    unproven = (DeviceProblem.PARTIAL, DeviceProblem.MISSING, DeviceProblem.STALE)
    persons = sorted({each.person.login for each in found if each.problem in unproven and each.make.mail_app})
    eras: list[Era] = []
    numbers: list[int] = []
    for login, (hours, who, why, days) in zip(persons, _GIVEN, strict=False):
        at, by = now - timedelta(hours=hours), Person(who, ORIGIN)
        until = now + timedelta(days=days)
        given = await exempt(store, rules.policy, by, why, at, rule=EVERY_RULE, until=until, person=login)
        numbers.append(given.number)
        eras.append(await _era(store, rules, at))
    if numbers:
        at = now - timedelta(hours=_ENDED)
        await end_exemption(store, Person(SECOND, ORIGIN), "Done sooner", at, numbers[-1])
        eras.append(await _era(store, rules, at))
    return eras


async def turn_one_off(store: Store, rules: Rules, now: datetime) -> list[Era]:
    """Turn a rule off by break-glass; it is still off now. Returns the rules from then on."""
    at = now - timedelta(hours=_OFF)
    if _TURNED_OFF not in {each.id for each in rules.policy.rules if each.restricts}:
        return []  # the rules are not the demo's
    why = "A browser update contradicts itself: asked its maker"
    until, by = now + timedelta(hours=10), Person(SECOND, ORIGIN)
    await break_glass(store, rules.policy, by, why, at, rule=_TURNED_OFF, until=until)
    return [await _era(store, rules, at)]


async def ask_for_help(store: Store, random: Random, reached: Sequence[AffectedPerson], era: Era) -> None:
    """Store requests for help of some people whom the rules in force refuse."""
    asking = {
        (seen.user, seen.rule): each
        for each in reached
        if (seen := each.seen).policy == era.policy.version
        and seen.effect == Effect.BLOCK
        and seen.rule != "default"
    }
    sixth = [*asking.values()][::_ASKS]
    those = [each for each in asking.values() if each.seen.user == CALLER and each not in sixth]
    for each, words in zip(those + sixth, cycle(_WORDS), strict=False):
        seen, tally = each.seen, each.tally
        at = tally.first + (tally.last - tally.first) * random.random()
        await store.help_requests.note(
            HelpRequest(
                seen.rule, seen.user, seen.user, each.device, seen.reason, tally.reference,
                seen.policy, known=True, times=1, first_at=at, last_at=at, words=words,
            )
        )  # fmt: skip


async def _era(store: Store, rules: Rules, at: datetime) -> Era:
    reliefs = await store.reliefs.current(at)
    return Era(at, rules.with_reliefs(reliefs).policy, frozenset(each.person for each in reliefs.every))

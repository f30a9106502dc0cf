"""Reliefs: halts, break-glass, exemptions, and let-ins by people themselves. They take a rule out for a time, for everybody or for one person or
device.

A relief makes a rule that restricts report-only: what it would have done is still recorded, and the next rule is read.
A relief grants nothing, never touches a rule that allows, and has no effect on a lost device. It does not make things
harder either: the rules after it do no more than the rule itself would.

A let-in is an exemption of a person by that person, from one rule that offers it (``self_service``). It counts only while the rule
in force offers it and its condition is surely met, and never for a request or a device with a finding or a refused proof.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from mailgate.model import Access, Effect
from mailgate.model.phrase import Phrase, joined, phrase, time_of
from mailgate.policy.people import user_text


class Cause(StrEnum):
    """Why a rule is taken out."""

    HALT = "halt"
    """The rule passed its own ``halt_when``."""
    BREAK_GLASS = "break-glass"
    """An admin turned it off at once."""
    EXEMPTION = "exemption"
    """An admin exempted a person or a device."""
    SELF_SERVICE = "self-service"
    """A person let themselves in."""


OF_SOME = frozenset({Cause.EXEMPTION, Cause.SELF_SERVICE})
"""The causes of reliefs for one person or device; all others are for everybody."""


MAX_ONCE_PER = timedelta(days=90)
"""How long a let-in is kept, so that it counts against another one."""


@dataclass(frozen=True, slots=True)
class Relief:
    """One relief: it takes out one rule, or, for an exemption, perhaps every rule."""

    number: int
    cause: Cause
    rule: str
    """The id of the rule; empty for every rule that restricts."""
    why: str
    author: str
    at: datetime
    until: datetime | None = None
    """When it ends by itself; None for a halt."""
    person: str = ""
    """A login name in one spelling. If this and ``device`` are empty, the relief is for everybody."""
    device: str = ""
    """Of a let-in, the device on which the person asked: it is for all of theirs."""

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended by itself."""
        return self.until is None or now < self.until

    def is_offered(self, rules: Container[str]) -> bool:
        """Whether it may count where these rules let people let themselves in."""
        return self.cause is not Cause.SELF_SERVICE or self.rule in rules

    def takes_out(self, rule: str, effect: Effect, *, offers: bool = False) -> bool:
        """Whether it takes out a rule with this id and effect. ``offers``: whether the rule lets people let themselves in now."""
        offered = offers or self.cause is not Cause.SELF_SERVICE
        return effect is not Effect.ALLOW and self.rule in ("", rule) and offered

    def __str__(self) -> str:
        return str(self.words)

    @property
    def words(self) -> str:
        """The relief in words."""
        return joined((self.words_without_why, self.why), ": ")

    @property
    def words_without_why(self) -> Phrase:
        """The relief in words, without what an admin wrote."""
        told: dict[str, object] = {"out": _WORDS[self.cause], "since": time_of(self.at)}
        if self.until is None:
            return phrase("%(out)s, since %(since)s", **told)
        told["until"] = time_of(self.until)
        return phrase("%(out)s until %(until)s, since %(since)s", **told)


_WORDS: Mapping[Cause, Phrase] = {
    Cause.HALT: phrase("off by itself"),
    Cause.BREAK_GLASS: phrase("off"),
    Cause.EXEMPTION: phrase("let in"),
    Cause.SELF_SERVICE: phrase("let themselves in"),
}


@dataclass(frozen=True)
class Reliefs:
    """All reliefs in force. ``serial`` changes with every change, so two with one serial are equal."""

    serial: int = 0
    every: tuple[Relief, ...] = ()

    def about(self, access: Access) -> tuple[Relief, ...]:
        """The reliefs for one request, those for everybody first."""
        if not self.every:
            return ()
        person, device = subject_of(access), access.posture.device_id
        named = [("", "")]
        named += [(person, "")] if person else []
        named += [("", device)] if device else []
        found = (each for name in named for each in self._by_subject.get(name, ()))
        return tuple(
            each
            for each in found
            if each.holds(access.now) and not (each.cause is Cause.SELF_SERVICE and is_in_doubt(access))
        )

    def of_person(self, name: str) -> tuple[Relief, ...]:
        """The exemptions of one person, also those that have ended."""
        return self._by_subject.get((user_text(name), ""), ()) if name else ()

    def for_everybody(self, now: datetime) -> tuple[Relief, ...]:
        """Halts and break-glass in force."""
        return tuple(each for each in self._by_subject.get(("", ""), ()) if each.holds(now))

    def off(self, now: datetime) -> dict[str, Relief]:
        """Of each rule that is out for everybody, the relief that ends last: a rule can be turned off again while it is off."""
        first = sorted(self.for_everybody(now), key=lambda each: (each.until is None, each.until or now))
        return {each.rule: each for each in first}

    def exemptions(self, now: datetime) -> tuple[Relief, ...]:
        """The exemptions of people and devices in force, those by themselves among them."""
        return tuple(each for each in self.every if each.cause in OF_SOME and each.holds(now))

    def of_some(self) -> "Reliefs":
        """The exemptions alone, as if no rule were out for everybody."""
        return Reliefs(self.serial, tuple(each for each in self.every if each.cause in OF_SOME))

    def with_rule_on(self, rule: str) -> "Reliefs":
        """All but those by which this rule is out for everybody."""
        off = {each for each in self._by_subject.get(("", ""), ()) if each.rule == rule}
        return Reliefs(self.serial, tuple(each for each in self.every if each not in off))

    def next_end(self, now: datetime) -> datetime | None:
        """When the next of them ends by itself; None if none does."""
        return min((each.until for each in self.every if each.until and now < each.until), default=None)

    @cached_property
    def _by_subject(self) -> Mapping[tuple[str, str], tuple[Relief, ...]]:
        found: dict[tuple[str, str], tuple[Relief, ...]] = {}
        for each in self.every:
            name = (each.person, "" if each.person else each.device)
            found[name] = (*found.get(name, ()), each)
        return found


NO_RELIEFS = Reliefs()


def relief_from(
    reliefs: Iterable[Relief], rule: str, effect: Effect, *, offers: bool = False
) -> Relief | None:
    """The first relief that takes out a rule with this id and effect; None if there is none."""
    return next((each for each in reliefs if each.takes_out(rule, effect, offers=offers)), None)


def subject_of(access: Access) -> str:
    """The person whose exemptions count for a request; empty if the gate knows none."""
    return user_text(access.user.name or access.posture.owner)


def is_in_doubt(access: Access) -> bool:
    """Whether anything contradicts who or what asks, so that nobody may let themselves in by it."""
    proofs = (access.attestation, access.certificate, access.login)
    refused = any(each is not None and each.refused for each in proofs)
    return bool(refused or access.posture.lost or access.posture.findings or access.client.findings)

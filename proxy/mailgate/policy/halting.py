"""The limits at which a rule halts by itself, whom a request counts for, and the count of people whom a rule keeps out."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Self, TypeVar

from pydantic import Field, model_validator

from mailgate.model import LOGIN_PROTOCOLS, Access, Assurance, Reason
from mailgate.model.phrase import joined, phrase, plural, wrong_value
from mailgate.model.proofs import accepted
from mailgate.policy.people import user_text
from mailgate.policy.written import Duration, Share, Strict, in_words

_PARTS = 12
"""The number of parts of the window in which requests are counted. Each holds the people who came in it."""
Key = TypeVar("Key")
DOUBTS = frozenset({Reason.TWO_DEVICES, Reason.DEVICE_OF_ANOTHER, Reason.KEY_IN_TWO_PLACES})
"""The findings with which a proof does not say which device asks."""


class HaltSubject(NamedTuple):
    """Who came: a person, or a device if the person is unknown."""

    person: str
    device: str = ""


def countable_subject(access: Access) -> tuple[str, str]:
    """The person and the device that a request counts for; both are empty if only the request itself names them, or anybody
    could halt a rule by making up names. A device that proved itself counts with its owner."""
    if access.client.protocol in LOGIN_PROTOCOLS:
        return "", ""
    proof, device = accepted(access.attestation), _proven_device(access)
    proven = proof.user if proof else ""
    return user_text(access.facts.user or proven or (access.posture.owner if device else "")), device


def _proven_device(access: Access) -> str:
    """The id of the device that proved itself with this request; empty if none did. A certificate proves nothing of the device
    that an ActiveSync id names beside it, unless its record vouches for the client's kind."""
    client = access.client
    vouched = not client.eas_id or client.assurance is Assurance.ATTESTED
    proven = accepted(access.attestation) or (accepted(access.certificate) and vouched)
    doubted = any(each.reason in DOUBTS for each in client.findings)
    return access.posture.device_id if proven and not doubted else ""


class Requests(NamedTuple):
    """How many requests came, and how many of them were kept out."""

    came: int
    stopped: int


NO_REQUESTS = Requests(0, 0)


class HaltWhen(Strict):
    """The limits at which a rule halts by itself. A halted rule restricts nobody until a person resumes it."""

    block_rate: Share | None = None
    """The limit for the part of people or requests that the rule keeps out. Above it the rule halts."""
    of: Literal["people", "requests"] = "people"
    """Whether ``block_rate`` is a share of people or of their requests. Either way everybody has the same weight."""
    at_least: int = Field(default=20, ge=1, le=1_000_000)
    """The number of people whom it must have kept out before ``block_rate`` counts."""
    help_requests: int | None = Field(default=None, ge=1, le=1_000_000)
    """The limit for the number of kept-out people who ask for help. At this number the rule halts."""
    within: Duration = timedelta(hours=1)
    """The length of the window that is counted, up to now."""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.block_rate is None and self.help_requests is None:
            message = phrase("no limit is given; set `block_rate`, `help_requests` or both")
            raise wrong_value("halt_when", message)
        return self

    def too_many_help_requests(self, people: int) -> str:
        """Why this many requests for help halt the rule, in words; empty if they do not."""
        if self.help_requests is None or people < self.help_requests:
            return ""
        return phrase(
            "%(people)s people asked for help within %(within)s; the limit is %(limit)s",
            people=str(people),
            within=in_words(self.within),
            limit=str(self.help_requests),
        )


@dataclass(slots=True)
class HaltCounter:
    """Counts the people who came, and those whom one rule kept out, within its window.

    The law: whatever anybody sends, a rule halts only if more than ``block_rate`` of those who came, and at least
    ``at_least``, are different people whom it kept out. With ``of: requests`` a person counts as the part of their own
    requests that was kept out, so that nobody weighs more than one person. A halt widens access, so people of whom
    nothing but a device is known are one person among those kept out, however many devices they have; among those who
    came each device counts.
    """

    limits: HaltWhen
    _came: dict[HaltSubject, datetime] = field(default_factory=dict)
    _stopped: dict[str, datetime] = field(default_factory=dict)
    """When each of them last came, the earliest first."""
    _parts: deque[tuple[datetime, dict[str, Requests]]] = field(default_factory=deque)
    """The parts of the window, each with its start and the requests of each person in it."""
    _requests: dict[str, Requests] = field(default_factory=dict)
    """The requests of each person in all parts together."""

    def count(self, subject: HaltSubject, *, stopped: bool, now: datetime) -> None:
        """Count one request of a person, or of a device whose person is unknown."""
        _touch(self._came, subject, now)
        if stopped:
            _touch(self._stopped, subject.person, now)
        if self.limits.of == "requests":
            self._count_request(subject.person, stopped, now)

    def halt_reason(self, now: datetime) -> str:
        """Why the rule halts, in words; empty if it does not."""
        limit = self.limits.block_rate
        if limit is None:
            return ""
        self._forget(now - self.limits.within)
        came, stopped = len(self._came), len(self._stopped)
        if stopped < self.limits.at_least or stopped <= limit * came:
            return ""
        told = {"came": str(came), "within": in_words(self.limits.within), "limit": f"{limit * 100:g}"}
        if self.limits.of == "people":
            why = phrase(
                "%(stopped)s of %(came)s people were refused within %(within)s; the limit is %(limit)s%%",
                stopped=str(stopped),
                **told,
            )
            return self._with_devices(why)
        part = sum(each.stopped / each.came for each in self._requests.values()) / came
        if part <= limit:
            return ""
        why = phrase(
            "%(part)s%% of the requests of %(came)s people, each with the same weight, were refused within %(within)s; the limit is %(limit)s%%",
            part=f"{part * 100:.3g}",
            **told,
        )
        return self._with_devices(why)

    def _with_devices(self, why: str) -> str:
        """A reason with how many of those who came are no people by name."""
        devices = sum(not each.person for each in self._came)
        if not devices:
            return why
        are = plural(
            "%(count)s of those who came is a device whose person is not known",
            "%(count)s of those who came are devices whose person is not known",
            devices,
        )
        return joined([why, are], "; ")

    def _count_request(self, person: str, stopped: bool, now: datetime) -> None:
        if not self._parts or now - self._parts[-1][0] >= self.limits.within / _PARTS:
            self._parts.append((now, {}))
        for counts in (self._parts[-1][1], self._requests):
            before = counts.get(person, NO_REQUESTS)
            counts[person] = Requests(before.came + 1, before.stopped + stopped)

    def _forget(self, before: datetime) -> None:
        _drop(self._came, before)
        _drop(self._stopped, before)
        while self._parts and self._parts[0][0] <= before:
            for person, gone in self._parts.popleft()[1].items():
                left = self._requests.pop(person)
                if left != gone:
                    self._requests[person] = Requests(left.came - gone.came, left.stopped - gone.stopped)


def _touch(seen: dict[Key, datetime], key: Key, now: datetime) -> None:
    seen.pop(key, None)
    seen[key] = now


def _drop(seen: dict[Key, datetime], before: datetime) -> None:
    while seen and seen[first := next(iter(seen))] <= before:
        del seen[first]

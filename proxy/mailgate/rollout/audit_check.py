"""Checks that the store holds what the audit log says: versions, activations, retractions, reliefs and
plans."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgate.model.phrase import phrase
from mailgate.policy.reliefs import OF_SOME, Cause
from mailgate.rollout.activation import ACTIVATED, RETRACTED
from mailgate.rollout.kept_plans import PLANNED, is_altered
from mailgate.store import Activation, AuditBreak, AuditEntry, AuditHead, Store, StoredPlan, Version
from mailgate.store.audit import audit_time
from mailgate.store.hash_chain import details_of
from mailgate.store.reliefs import KeptRelief
from mailgate.store.reliefs import audit_details as relief_details
from mailgate.store.retractions import Retraction, audit_details

FORGOTTEN = "person-forgotten"


@dataclass(slots=True)
class LoggedReliefs:
    """The reliefs that the log has."""

    given: dict[str, AuditEntry] = field(default_factory=dict)
    """The entries, by the name of the relief: its cause and number."""
    ended: dict[str, AuditEntry] = field(default_factory=dict)
    forgotten: int = 0
    """The number of the last entry that forgot a person. The exemptions of that person were deleted too."""

    def take(self, entry: AuditEntry) -> None:
        if entry.what == FORGOTTEN:
            self.forgotten = entry.number
        elif entry.about.partition(" ")[0] in set(Cause):
            known = self.ended if entry.about in self.given else self.given
            known.setdefault(entry.about, entry)

    def of(self, kept: Sequence[KeptRelief], last: int, now: datetime) -> Iterator[AuditBreak]:
        """The differences between the log and all reliefs of the store. ``last`` is the last entry of the log."""
        names = {_about(each) for each in kept}
        for each in kept:
            about = _about(each)
            entry = self.given.get(about)
            if entry is None:
                why = phrase(
                    "is the last one, and no entry gave %(about)s, which is in the store", about=about
                )
                yield AuditBreak(last, why)
            elif not (_is_given(each, entry) and _is_ended(each, self.ended.get(about))):
                why = phrase("gave %(about)s, which says something else in the store now", about=about)
                yield AuditBreak(entry.number, why)
        for about, entry in self.given.items():
            if about not in names and self._has_to_be_there(about, now):
                yield AuditBreak(
                    entry.number, phrase("gave %(about)s, but the store does not have it", about=about)
                )

    def _has_to_be_there(self, about: str, now: datetime) -> bool:
        """Whether a relief must still be in the store: nobody ended it, its time is not over, and if it is an
        exemption, nobody was forgotten since then, who might be its person."""
        entry = self.given[about]
        over = about in self.ended or _is_over(details_of(entry).get("until"), now)
        return not over and not (about.partition(" ")[0] in OF_SOME and self.forgotten > entry.number)


def _is_over(until: object, now: datetime) -> bool:
    """Whether a time of the log is over. One that cannot be read is not."""
    try:
        return isinstance(until, str) and datetime.fromisoformat(until) <= now
    except (ValueError, TypeError):  # TypeError: without a zone
        return False


def _about(kept: KeptRelief) -> str:
    return f"{kept.relief.cause} {kept.relief.number}"


def _is_given(kept: KeptRelief, entry: AuditEntry) -> bool:
    relief, details = kept.relief, details_of(entry)
    known: dict[str, Any] = relief_details(relief)
    named = bool(relief.person or relief.device) == (relief.cause in OF_SOME)
    alike = all(details.get(name) == told for name, told in known.items())
    why = "" if relief.cause is Cause.SELF_SERVICE else relief.why  # what a person wrote stays out of the log
    return named and alike and (relief.author, why, audit_time(relief.at)) == _signed(entry)


def _is_ended(kept: KeptRelief, entry: AuditEntry | None) -> bool:
    if entry is None or kept.ended_at is None:
        return entry is None and kept.ended_at is None
    return (kept.ended_by, kept.ended_why, audit_time(kept.ended_at)) == _signed(entry)


def _signed(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.who, entry.why, entry.at


async def verify(store: Store, now: datetime, witnesses: Iterable[AuditHead] = ()) -> list[AuditBreak]:
    """Everything that is wrong: breaks of the log, differences from ``witnesses``, and between the log and the store."""
    return [*await store.audit.verify(witnesses), *await compare(store, now)]


async def compare(store: Store, now: datetime) -> list[AuditBreak]:
    """Everything in the store that differs from the log."""
    serials = await _serials(store)
    logged = Logged()
    async for page in store.audit.pages():
        logged.take(page)
    found = [each async for version in store.policies.all() for each in logged.of_version(version)]
    history = (await store.policies.history(2**31 - 1))[::-1]
    found += logged.of_activations(history, await store.retractions.all())
    found += logged.reliefs.of(await store.reliefs.history(2**31 - 1), logged.last, now)
    found += [each async for plan in store.plans.all() for each in logged.of_plan(plan)]
    if serials != await _serials(store):  # versions or reliefs changed during the check, so it starts again
        return await compare(store, now)
    return sorted(found, key=lambda each: each.number)


async def _serials(store: Store) -> tuple[int, int]:
    return await store.policies.serial(), await store.reliefs.serial()


@dataclass(frozen=True, slots=True)
class _Act:
    entry: int
    version: str
    signed: tuple[str, str, str]
    """Who did it, why and when."""
    retracts: bool
    details: dict[str, Any]


@dataclass(slots=True)
class Logged:
    """What the log says about versions and plans."""

    last: int = 0
    acts: list[_Act] = field(default_factory=list)
    digests: dict[str, _Act] = field(default_factory=dict)
    """The first act of each version."""
    planned: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The number of the entry and its author, by the subject of the entry."""
    reliefs: LoggedReliefs = field(default_factory=LoggedReliefs)

    def take(self, entries: Iterable[AuditEntry]) -> None:
        """Read the next entries, in order."""
        for entry in entries:
            self.last = entry.number
            self.reliefs.take(entry)
            if entry.what.startswith((ACTIVATED, RETRACTED)):
                signed = (entry.who, entry.why, entry.at)
                act = _Act(entry.number, entry.about, signed, entry.what == RETRACTED, details_of(entry))
                self.acts.append(act)
                self.digests.setdefault(entry.about, act)
            elif entry.what == PLANNED:
                self.planned[entry.about] = (entry.number, entry.who)

    def of_version(self, version: Version) -> Iterator[AuditBreak]:
        act = self.digests.get(f"version {version.number}")
        if act is None:
            yield self._in_none(f"started version {version.number}, which is in the database")
        elif version.altered or version.digest != act.details.get("digest"):
            why = phrase(
                "started version %(number)s, but its texts in the database were changed since",
                number=str(version.number),
            )
            yield AuditBreak(act.entry, why)
        elif (version.author, version.note, audit_time(version.made_at)) != act.signed:
            why = phrase(
                "made version %(number)s; in the store the person, the time or the reason is another",
                number=str(version.number),
            )
            yield AuditBreak(act.entry, why)

    def of_activations(
        self, history: Sequence[Activation], retractions: dict[int, Retraction]
    ) -> Iterator[AuditBreak]:
        """Compare the activations; ``history`` has the oldest first."""
        for act, activation in zip(self.acts, history, strict=False):
            found = _differences(act, activation, retractions.get(activation.serial))
            yield from (AuditBreak(act.entry, words) for words in found)
        for act in self.acts[len(history) :]:
            why = phrase("started %(version)s, but the database does not have it", version=act.version)
            yield AuditBreak(act.entry, why)
        for activation in history[len(self.acts) :]:
            yield self._in_none(f"started version {activation.number} a last time, as the database says")

    def of_plan(self, plan: StoredPlan) -> Iterator[AuditBreak]:
        about = f"plan {plan.digest}"
        number, who = self.planned.get(about, (0, ""))
        if not number:
            yield self._in_none(f"made {about[:17]}, which is in the store")
        elif is_altered(plan) or who != plan.author:
            why = phrase(
                "made %(about)s, which says something else in the store now: it was changed", about=about[:17]
            )
            yield AuditBreak(number, why)

    def _in_none(self, what: str) -> AuditBreak:
        return AuditBreak(self.last, phrase("is the last one, and no entry %(what)s", what=what))


def _differences(act: _Act, activation: Activation, retraction: Retraction | None) -> Iterator[str]:
    version = act.version
    if version != f"version {activation.number}":
        number = str(activation.number)
        yield phrase(
            "started %(version)s; the database says version %(number)s", version=version, number=number
        )
    elif (activation.author, activation.note, audit_time(activation.at)) != act.signed:
        yield phrase(
            "started %(version)s; in the database the person, the time or the reason is another",
            version=version,
        )
    if _others_taken_back(act, retraction):
        yield phrase("started %(version)s; the database says that it rolled back others", version=version)


def _others_taken_back(act: _Act, retraction: Retraction | None) -> bool:
    if retraction is None or not act.retracts:
        return act.retracts != (retraction is not None)
    return bool(act.details.get("rolled_back") != audit_details(retraction))

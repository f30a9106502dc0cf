"""Whether what is stored is what the audit log says was put in force, planned and approved."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mailgate.rollout.acts import ACTIVATED, APPROVED, PLANNED, RETRACTED, is_altered
from mailgate.store import Activation, Break, Entry, Head, Planned, Store, Version
from mailgate.store.kept_out import KeptOut


async def verify(store: Store, witnesses: Iterable[Head] = ()) -> list[Break]:
    """Where the log does not hold, by itself and against ``witnesses``, and where the store holds something else than it says."""
    return [*await store.audit.verify(witnesses), *await compare(store)]


async def compare(store: Store) -> list[Break]:
    """Where versions, activations, plans and approvals in the store are others than those of the log."""
    serial = await store.policies.serial()
    logged = Logged()
    async for page in store.audit.pages():
        logged.take(page)
    found = [each async for version in store.policies.all() for each in logged.of_version(version)]
    history = (await store.policies.history(2**31 - 1))[::-1]
    found += logged.of_activations(history, await store.kept_out.all())
    approved = await store.approvals.all()
    found += [each async for plan in store.plans.all() for each in logged.of_plan(plan, approved)]
    if serial != await store.policies.serial():  # something was put in force meanwhile: look again
        return await compare(store)
    return sorted(found, key=lambda each: each.number)


@dataclass(frozen=True, slots=True)
class _Act:
    """An entry by which a version was put in force."""

    entry: int
    version: str
    details: dict[str, Any]


@dataclass(slots=True)
class Logged:
    """What the log says of versions, plans and approvals."""

    last: int = 0
    acts: list[_Act] = field(default_factory=list)
    digests: dict[str, _Act] = field(default_factory=dict)
    """The first act of each version."""
    planned: dict[str, tuple[int, str]] = field(default_factory=dict)
    """In which entry, and by whom, by what it was about."""
    approved: set[tuple[str, str]] = field(default_factory=set)

    def take(self, entries: Iterable[Entry]) -> None:
        """The next entries, in their order."""
        for entry in entries:
            self.last = entry.number
            if entry.what.startswith((ACTIVATED, RETRACTED)):
                act = _Act(entry.number, entry.about, _details(entry))
                self.acts.append(act)
                self.digests.setdefault(entry.about, act)
            elif entry.what == PLANNED:
                self.planned[entry.about] = (entry.number, entry.who)
            elif entry.what == APPROVED:
                self.approved.add((entry.about, entry.who))

    def of_version(self, version: Version) -> Iterator[Break]:
        act = self.digests.get(f"version {version.number}")
        if act is None:
            yield self._in_none(f"put version {version.number} in force, which is in the store")
        elif version.altered or version.digest != act.details.get("digest"):
            yield Break(
                act.entry,
                f"put version {version.number} in force, whose texts in the store are others now: they were changed",
            )

    def of_activations(self, history: Sequence[Activation], counted: dict[int, KeptOut]) -> Iterator[Break]:
        """``history``: the oldest first."""
        for act, activation in zip(self.acts, history, strict=False):
            if act.version != f"version {activation.number}":
                yield Break(
                    act.entry, f"put {act.version} in force; the store says version {activation.number}"
                )
            newly = act.details.get("kept_out")
            if newly is not None and newly != asdict(counted.get(activation.serial, KeptOut())):
                yield Break(act.entry, "newly kept out others in number than the store says now")
        for act in self.acts[len(history) :]:
            yield Break(act.entry, f"put {act.version} in force, of which the store knows nothing")
        for activation in history[len(self.acts) :]:
            yield self._in_none(f"put version {activation.number} in force a last time, as the store says")

    def of_plan(self, plan: Planned, approved: set[tuple[str, str]]) -> Iterator[Break]:
        about = f"plan {plan.digest}"
        number, who = self.planned.get(about, (0, ""))
        if not number:
            yield self._in_none(f"made {about[:17]}, which is in the store")
        elif is_altered(plan) or who != plan.author:
            yield Break(
                number, f"made {about[:17]}, which says something else in the store now: it was changed"
            )
        for name in sorted(by for digest, by in approved if digest == plan.digest):
            if (about, name) not in self.approved:
                yield self._in_none(f"is the approval of {about[:17]} by {name}, which is in the store")

    def _in_none(self, what: str) -> Break:
        return Break(self.last, f"is the last one, and none {what}")


def _details(entry: Entry) -> dict[str, Any]:
    try:
        told = json.loads(entry.details)
    except ValueError:  # somebody has edited it: the chain says so
        return {}
    return told if isinstance(told, dict) else {}

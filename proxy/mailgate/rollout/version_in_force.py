"""The rules of a gate: those of the version in force in the store, whichever gate or person put it in force.

New versions come from files. A gate puts the files of the first start in force, and later any change of the files while
it runs. It does not put files in force that hold an earlier version, if it finds them at a start or if they have not held
the version in force yet: they may have been rolled back, or be older than those of another computer. Files that did hold it
and go back to earlier rules take it back, like a person who rolls back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from mailgate.config import Rules, Settings
from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import joined, phrase, with_command
from mailgate.policy.edits import taken_back
from mailgate.rollout.guard import (
    beyond_window,
    failing_cases,
    freeze_reason,
    guard_of,
    newly_kept_out,
    read_window,
)
from mailgate.rollout.person import Person
from mailgate.rollout.plan import DAYS
from mailgate.rollout.planning import plan_and_keep
from mailgate.rollout.stored_rules import UnreadableVersionError, rule_texts_of, rules_of
from mailgate.store import Act, Activation, OvertakenError, Policies, Store, StoreError, kept_out, retractions
from mailgate.store.kept_out import EMPTY_WINDOW, NOBODY, KeptOut, WindowTotals
from mailgate.store.policies import ACTIVATED, RETRACTED, AfterActivation
from mailgate.tasks import compute

log = structlog.get_logger()

_APPLIED = "`mailgate policy plan` and `mailgate policy apply` start the files"
_ENDED = f"{_APPLIED}, `mailgate policy rollback` starts the version before again"
"""How to put files in force that are held because the gate found them at its start."""
_NAMED = 3
"""How many of the changes that files lack are named."""


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """The result of inspecting rules before they come in force."""

    against: str = ""
    """Why they may not come in force without a person, in words; empty if they may."""
    newly: KeptOut = NOBODY
    before: WindowTotals = EMPTY_WINDOW
    """What the guard counted before."""


_NOT_INSPECTED = InspectionResult()

Inspect = Callable[[Activation, Rules], Coroutine[Any, Any, InspectionResult]]


@dataclass(frozen=True, slots=True)
class Current:
    """The rules in force at a gate, and their activation."""

    activation: Activation
    rules: Rules


@dataclass(slots=True)
class WaitingFiles:
    """Changed files that wait to come in force, and the result of their inspection."""

    files: Rules
    base: int = 0
    """The number of the last version that the files held before; 0 if none is known."""
    after: int = 0
    inspection: asyncio.Task[InspectionResult] | None = None
    frozen: str = ""
    """Why no files may be put in force now."""
    since: int = 0
    """The serial of the activation in force when they met a freeze; 0 if they met none."""
    lacks: str = ""
    """The changes that they would take back unknowingly, in words; empty if there are none."""


class RulesKeeper:
    """The rules of one gate. Call ``start`` first, ``offer`` after each reading of the files, and ``refresh`` and ``settle`` regularly.
    While ``inspect`` takes its time the version in force stays. ``frozen`` tells why no files may be put in force now."""

    def __init__(
        self,
        policies: Policies,
        origin: str,
        clock: Callable[[], datetime],
        inspect: Inspect,
        frozen: Callable[[], Awaitable[str]],
    ) -> None:
        self._policies = policies
        self._origin = origin
        self._clock = clock
        self._inspect = inspect
        self._frozen = frozen
        self._files = ""
        self._holds, self._held_last = 0, 0
        self._waiting: WaitingFiles | None = None
        self._refused = ""
        self._said = ""
        self._unreadable = 0
        self._turns = asyncio.Lock()
        self.current: Current

    async def start(self, files: Rules, against: str = "") -> Rules:
        """The rules to start with. ``against``: why the files may not be put in force. Raises StoreError or UnreadableVersionError."""
        self._files = files.digest
        active = await self._policies.active()
        if active is None:
            return await self._first(files)
        self.current = await self._read(active, files)
        self._note_what_files_hold(await self._policies.number_of(files.digest))
        if against and active.digest != files.digest:
            self._files, self._refused = "", against  # once the files are good they are offered as a change
        elif not self._holds:
            self._waiting = WaitingFiles(files)
        await self._settle()
        return self.current.rules

    async def _first(self, files: Rules) -> Rules:
        try:
            await self._activate(files, phrase("the first start"), 0)
        except OvertakenError:  # another gate did, and its files may differ
            return await self.start(files)
        return files

    async def offer(self, files: Rules) -> Rules:
        """Take in files that were read, which come in force now or soon. Returns the rules in force."""
        if files.digest != self._files:
            self.close()
            # if not, the files are again those of the version in force
            changed = files.digest != self.current.activation.digest
            self._waiting = WaitingFiles(files, self._held_last) if changed else None
            self._files, self._refused, self._said, self._holds = files.digest, "", "", 0
            self._note_what_files_hold()
            await self._settle()
        return self.current.rules

    def is_behind(self, serial: int) -> bool:
        """Whether ``refresh`` has something to do, given the serial of the newest activation."""
        return serial not in (self.current.activation.serial, self._unreadable)

    async def refresh(self) -> None:
        """Take over the version that is in force now. If the store cannot be reached, the rules stay and nothing is raised."""
        before = self.current
        try:
            serial = await self._policies.serial()
            if serial in (self.current.activation.serial, self._unreadable):
                return
            active = await self._policies.active()
            if active and active.serial != self.current.activation.serial:
                read = await self._read(active)
                if self.current is not before:
                    return  # waiting files came in force meanwhile; the next look compares again
                self.current = read
                self._note_what_files_hold()
                self._refused = ""
        except StoreError:
            return
        except UnreadableVersionError as error:
            self._unreadable = serial
            log.error("policy-unreadable", serial=serial, detail=str(error))

    async def settle(self) -> None:
        """Put waiting files in force if that is possible by now."""
        if self._waiting:
            await self._settle(again=True)

    def close(self) -> None:
        """Stop looking at changed files."""
        if self._waiting and self._waiting.inspection:
            self._waiting.inspection.cancel()
            self._waiting.inspection = None

    @property
    def is_undecided(self) -> bool:
        """Whether changed files will come in force or be held once they are inspected, or the store answers."""
        return self._waiting is not None and not self._waiting.frozen

    @property
    def held(self) -> str:
        """Why the files on disk are not in force, in words; empty if they are."""
        if self._waiting and self._waiting.frozen:
            return phrase("the files have changed and are held: %(frozen)s", frozen=self._waiting.frozen)
        if self._waiting and self._waiting.inspection:
            return phrase("the files have changed and are looked at")
        if self._waiting:
            return phrase("the files have changed and wait for the store")
        if self._files == self.current.activation.digest:
            return ""
        number = str(self.current.activation.number)
        told = phrase("the files hold another version than number %(number)s, which runs", number=number)
        if why := self._refused or self._behind(self.current.activation):
            return joined((told, why), ": ")
        return with_command(told, f": {_ENDED}")

    def _behind(self, active: Activation) -> str:
        """What the files, which hold an earlier version than other files have put in force, wait for, in words."""
        if self._holds in (0, active.number) or active.author != BY_FILE:
            return ""
        why = phrase(
            "they hold version %(held)s, and newer files have started this one: bring those here",
            held=str(self._holds),
        )
        return with_command(why, f"; to go back on purpose, {_APPLIED}")

    async def _settle(self, *, again: bool = False) -> None:
        async with self._turns:  # files may be read during a look
            if self._waiting:
                await self._try(self._waiting)
        quiet = again and self._waiting and not self._waiting.frozen
        if self.held and self.held != self._said and not quiet:
            self._said = self.held
            log.warning("policy-held", in_force=self.current.activation.number, why=self.held)

    async def _try(self, waiting: WaitingFiles) -> None:
        try:
            if await self._is_frozen(waiting):
                return
            looked = await self._inspected(waiting)
            if looked is None or await self._is_frozen(waiting):
                return
            self._refused = looked.against
            if not looked.against:
                await self._activate(waiting.files, phrase("the files were changed"), waiting.after, looked)
        except (StoreError, OvertakenError):  # they are compared again later
            return
        if self._waiting is waiting:
            self._waiting = None

    async def _is_frozen(self, waiting: WaitingFiles) -> bool:
        waiting.frozen = await self._frozen()
        if waiting.frozen:
            self.close()
            waiting.since = waiting.since or self.current.activation.serial
        return bool(waiting.frozen)

    async def _inspected(self, waiting: WaitingFiles) -> InspectionResult | None:
        if waiting.inspection is None:
            active = await self._policies.active()
            assert active is not None  # ``start`` has put a version in force
            if waiting.since not in (0, active.serial) and active.digest != waiting.files.digest:
                why = phrase("it was started during the freeze that they waited for")
                return InspectionResult(with_command(why, f"; {_ENDED}"))
            if number := await self._policies.taken_back(waiting.files.digest):
                why = phrase(
                    "they hold version %(number)s, which was rolled back; only a plan can start it again",
                    number=str(number),
                )
                how = f": `mailgate policy plan --version {number}`, then `mailgate policy apply`"
                return InspectionResult(with_command(why, how))
            self._note_what_files_hold(await self._policies.number_of(waiting.files.digest))
            if waiting.base not in (0, active.number) and (behind := self._behind(active)):
                return InspectionResult(behind)
            if not waiting.base and (number := await self._going_back_to(waiting.files)):
                why = phrase(
                    "they have the rules of version %(number)s, and at a start nobody can tell whether they go back or are old",
                    number=str(number),
                )
                return InspectionResult(with_command(why, f"; {_APPLIED}"))
            waiting.after, waiting.lacks = active.serial, await self._lacking(active, waiting)
            waiting.inspection = asyncio.get_running_loop().create_task(self._inspect(active, waiting.files))
            await asyncio.sleep(0)  # an inspection that passes everything is done by now
        if not waiting.inspection.done():
            return None
        done, waiting.inspection = waiting.inspection, None
        try:
            looked = done.result()
            return replace(looked, against=joined(filter(None, (waiting.lacks, looked.against)), "; "))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - rules that cannot be checked are not put in force
            kind = type(error).__name__
            why = phrase("they could not be looked at (%(kind)s)", kind=kind)
            return InspectionResult(with_command(why, f"; {_ENDED}"))

    async def _lacking(self, active: Activation, waiting: WaitingFiles) -> str:
        """The changes, in words, that others have put in force since these files last held what was, and that they lack."""
        history, back = await self._policies.history(), await self._policies.retracting()
        files, by_file = waiting.files, active.author == BY_FILE
        who: str = phrase("other files") if by_file else active.author
        known = (
            each
            for each in history
            if (each.number == waiting.base if waiting.base else each.author == BY_FILE)
            or (each.serial in back and each.author != BY_FILE)
        )
        base = next(known, history[-1])
        if active.digest in (base.digest, files.digest):
            return ""
        try:
            before, now = await rules_of(self._policies, base), await rules_of(self._policies, active)
        except UnreadableVersionError as error:
            return phrase(
                "we cannot tell whether they lack what %(who)s started: %(why)s", who=who, why=error.words
            )
        lost = await compute(taken_back, before.policy, now.policy, files.policy)
        if not lost:
            return ""
        told = joined((each.in_one_line for each in lost[:_NAMED]), "; ")
        if len(lost) > _NAMED:
            told = phrase("%(names)s and %(more)s more", names=told, more=len(lost) - _NAMED)
        why = phrase("they lack what %(who)s started and would undo it: %(told)s", who=who, told=told)
        return with_command(why, f"; {_APPLIED if by_file else _ENDED}")

    def _note_what_files_hold(self, number: int = 0) -> None:
        """Remember the version that the files hold: that in force, or the earlier one of this ``number``. Later ones come from others."""
        if self._files == self.current.activation.digest:
            number = self.current.activation.number
        if number:
            self._holds = self._held_last = number

    async def _activate(
        self, files: Rules, why: str, after: int, looked: InspectionResult = _NOT_INSPECTED
    ) -> None:
        details: dict[str, Any] = {"kept_out": asdict(looked.newly)}
        act = Act(self._clock(), BY_FILE, ACTIVATED, why=why, origin=self._origin, details=details)
        then: list[AfterActivation] = [partial(kept_out.go_by, counted=looked.before.counted(looked.newly))]
        if number := await self._going_back_to(files):
            history, gone = await self._policies.history(), await self._policies.taken_back_serials()
            taken, keep = retractions.act_of(history, number, gone)
            why = phrase("the files went back to version %(number)s", number=str(number))
            act, then = replace(act, what=RETRACTED, why=why, details=details | taken), [keep, *then]
        activation = await self._policies.activate(rule_texts_of(files), act, after=after, then=then)
        self.current = await self._read(activation, files)
        self._note_what_files_hold()

    async def _going_back_to(self, files: Rules) -> int:
        """The number of the earlier version that has the rules of these files; 0 if they are new, in force, or were rolled back.
        Groups and cases are those of today."""
        history, gone = await self._policies.history(), await self._policies.taken_back_serials()
        name = files.policy.version
        found = next((each for each in history if each.policy == name and each.serial not in gone), None)
        return found.number if found and name != history[0].policy else 0

    async def _read(self, activation: Activation, files: Rules | None = None) -> Current:
        if files and files.digest == activation.digest:
            return Current(activation, files)
        return Current(activation, await rules_of(self._policies, activation))


WORKERS = 2


@dataclass(frozen=True, slots=True)
class Inspection:
    """Plans changes of the files. ``settings`` returns those in force."""

    store: Store
    settings: Callable[[], Settings]
    origin: str
    clock: Callable[[], datetime]

    async def frozen(self) -> str:
        """Why nothing may be put in force now, in words; empty if changes are allowed."""
        guard = guard_of(self.settings())
        return freeze_reason(guard, await self.store.now(self.clock())) if guard and guard.freezes else ""

    async def __call__(self, active: Activation, files: Rules) -> InspectionResult:
        """The result of inspecting these files. The plan is kept, so that a person may still put it in force."""
        settings = self.settings()
        guard = guard_of(settings)
        if guard is None or guard.limit is None:
            return InspectionResult()
        now = await self.store.now(self.clock())
        who = Person(BY_FILE, self.origin)
        plan = await plan_and_keep(
            self.store, settings, active, files, DAYS, WORKERS, who, now, lambda *_: None
        )
        before = await read_window(self.store, guard, now)
        against = failing_cases(plan) + beyond_window(plan, guard, before)
        # another process may have planned the same change, and people approve the one plan that was kept
        kept = await self.store.plans.latest_of(files.digest, active.serial, BY_FILE)
        digest = (kept or plan).digest[:12]
        words = phrase("%(against)s (plan %(digest)s)", against=joined(against, "; "), digest=digest)
        words = with_command(words, "; `mailgate policy plans` says what it needs")
        return InspectionResult(words if against else "", newly_kept_out(plan), before)

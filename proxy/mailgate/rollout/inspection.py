"""Inspects changed files before a gate puts them in force by itself, if its settings have a guard."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Rules, Settings
from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import joined, phrase, with_command
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
from mailgate.rollout.version_in_force import InspectionResult
from mailgate.store import Activation, Store

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
        """The result of inspecting these files, with the reasons why the guard holds them, if it does. The plan is kept,
        so that a person may still put it in force."""
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
        words = phrase(
            "%(against)s (plan %(digest)s)",
            against=joined(against, "; "),
            digest=(kept.digest if kept else plan.digest)[:12],
        )
        words = with_command(words, "; `mailgate policy plans` says what it needs")
        return InspectionResult(words if against else "", newly_kept_out(plan), before)

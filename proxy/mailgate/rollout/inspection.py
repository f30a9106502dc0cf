"""A gate looks by itself at changed files before it puts them in force, where its settings have a guard."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Rules, Settings
from mailgate.config.admins import BY_FILE
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.rollout.acts import Person, keep_plan
from mailgate.rollout.guard import Limit, frozen, guard_of, objections
from mailgate.rollout.plan import Scope, make_plan
from mailgate.rollout.planning import looked_at
from mailgate.store import Activation, Store

WORKERS = 2


@dataclass(slots=True)
class Inspection:
    """Plans changes of the files. ``settings`` and ``groups`` may be replaced at any time, as on a reload."""

    store: Store
    settings: Settings
    origin: str
    clock: Callable[[], datetime]
    groups: Groups = NO_GROUPS

    def frozen(self) -> str:
        """Why nothing may be put in force now, in words; nothing where it may."""
        return frozen(guard_of(self.settings), self.clock())

    async def __call__(self, active: Activation, files: Rules) -> str:
        """Why the guard does not let these files pass, in words; nothing where it does, or there is none.

        The plan is kept, so that somebody may put it in force all the same.
        """
        settings, now = self.settings, self.clock()
        if settings.guard is None:
            return ""
        scope = Scope(
            now, looked_at(settings), settings.posture.max_age, settings.posture.precedence, self.groups
        )
        url = settings.store.get_secret_value()
        plan = await make_plan(self.store, url, active, files, scope, WORKERS, lambda *_: None)
        await keep_plan(self.store, plan, files, Person(BY_FILE, self.origin), now)
        against = objections(plan, Limit(settings.guard.max_newly_blocked))
        if not against:
            return ""
        return (
            f"{'; '.join(against)} (plan {plan['digest'][:12]}; `mailgate policy plans` says what it needs)"
        )

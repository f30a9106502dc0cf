"""Making a plan of what a candidate would change by the settings as they are, in somebody's name."""

from datetime import datetime, timedelta
from typing import Any

from mailgate.config import Bundle, Rules, Settings
from mailgate.rollout.acts import Person, keep_plan
from mailgate.rollout.plan import DAYS, Scope, make_plan
from mailgate.rollout.simulation import Progress
from mailgate.store import Activation, Store


async def plan_and_keep(
    store: Store,
    bundle: Bundle,
    active: Activation,
    candidate: Rules,
    days: int,
    workers: int,
    who: Person | None,
    now: datetime,
    progress: Progress,
) -> dict[str, Any]:
    """The plan of a candidate against what is in force; kept where somebody answers for it."""
    posture = bundle.settings.posture
    scope = Scope(now, looked_at(bundle.settings, days), posture.max_age, posture.precedence)
    url = bundle.settings.store.get_secret_value()
    made = await make_plan(store, url, active, candidate, scope, workers, progress)
    if who:
        await keep_plan(store, made, candidate, who, now)
    return made


def looked_at(settings: Settings, days: int = DAYS) -> int:
    """How many days of sightings a plan looks at: so many, and no fewer than the guard's limit is for."""
    window = settings.guard.window if settings.guard else timedelta(0)
    return max(days, -(-window // timedelta(days=1)))

"""Whether a plan still starts from the rules in force. A plan that was overtaken starts from them again once its base
is back in force."""

from collections.abc import Sequence

from mailgate.rollout.plan import Plan
from mailgate.store import Activation, StoredPlan


def base_serial(plan: StoredPlan, body: Plan, history: Sequence[Activation]) -> int | None:
    """The serial of the activation that the plan would replace; None if the plan was overtaken.

    If the rules of the plan were in force since and no longer are, somebody has taken them back, and only a new plan
    puts them in force again. ``history`` has the activations, the newest first.
    """
    active = history[0] if history else None
    if active is None or active.serial == plan.serial:
        return plan.serial
    if active.digest != body.active.digest:
        return None
    since = [each for each in history if each.serial > plan.serial]
    return None if any(each.digest == plan.candidate.digest for each in since) else active.serial

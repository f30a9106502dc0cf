"""Whether a plan still speaks of the rules in force: a plan that others overtook does so again once its base is back."""

from collections.abc import Sequence

from mailgate.rollout.plan import Plan
from mailgate.store import Activation, Planned


def base_serial(plan: Planned, body: Plan, history: Sequence[Activation]) -> int | None:
    """The serial of the activation in the place of which the plan would come; None if it was overtaken.

    Where its own rules were in force since and are no longer, somebody has taken them back: they come in force again by a new
    plan alone. ``history`` has the activations, the newest first.
    """
    active = history[0] if history else None
    if active is None or active.serial == plan.serial:
        return plan.serial
    if active.digest != body.active.digest:
        return None
    since = [each for each in history if each.serial > plan.serial]
    return None if any(each.digest == plan.draft.digest for each in since) else active.serial

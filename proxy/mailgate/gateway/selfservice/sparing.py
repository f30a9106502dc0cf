"""Who is spared for a time, and would be kept out without that."""

from dataclasses import replace
from datetime import datetime

from mailgate.engine.decide import decide
from mailgate.model import Access, Decision, Effect
from mailgate.policy import Policy
from mailgate.policy.reliefs import Cause, Relief, Reliefs

_KEPT_OUT = (Effect.BLOCK, Effect.CHALLENGE)


def spared_by(access: Access, decision: Decision, policy: Policy) -> Relief | None:
    """The exemption by which this request gets mail that it would not get without; None where there is none."""
    ours = {each for each in policy.reliefs.about(access) if each.cause is Cause.EXEMPTION}
    if not ours or decision.effect in _KEPT_OUT:
        return None
    others = tuple(each for each in policy.reliefs.every if each not in ours)
    without = decide(access, replace(policy, reliefs=Reliefs(policy.reliefs.serial, others)))
    return max(ours, key=_end) if without.effect in _KEPT_OUT else None


def _end(relief: Relief) -> datetime:
    return relief.until or datetime.max.replace(tzinfo=relief.at.tzinfo)

"""How much one change of the rules may do by itself, and when nothing may change."""

from datetime import timedelta

from pydantic import Field

from mailgate.config.freezes import Freeze
from mailgate.config.values import Duration, PartOrCount
from mailgate.policy.apps import Strict


class GuardSettings(Strict):
    """How much one change of the rules may do by itself. Left out: everything, at any time."""

    max_newly_blocked: PartOrCount
    """People, and devices, that may newly be kept out: a number, or a part like ``1%``."""
    window: Duration = Field(default=timedelta(days=7), ge=timedelta(days=1), le=timedelta(days=366))
    """The time within which no more than that may be kept out, however many changes do it; and as many recorded days at
    least are looked at."""
    approvals: int = Field(default=1, ge=1, le=10)
    """How many other persons have to approve a change that does more."""
    freeze: tuple[Freeze, ...] = ()
    """When nothing is put in force, like ``fri 16:00 - mon 08:00 Europe/Berlin``. Retracting is always possible."""

"""The current effect of a rule: its stage by the clock, and whether a person is in its share."""

from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Self

from pydantic import model_validator

from mailgate.model import Effect, Stage
from mailgate.model.phrase import phrase, wrong_value
from mailgate.model.times import happened
from mailgate.policy.people import confusable_name, has_one_reading
from mailgate.policy.written import Moment, Strict


class Stages(Strict):
    """The start of each stage of a rule. A stage lasts until the next one starts; the last has no end."""

    report_only: Moment | None = None
    warn: Moment | None = None
    enforce: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        starts = self.starts()
        if not starts:
            raise wrong_value(
                "stages", phrase("no stage is given; set at least one of `report_only`, `warn`, `enforce`")
            )
        for (earlier, start), (later, following) in pairwise(starts):
            if following <= start:
                words = phrase(
                    "`%(later)s` does not start after `%(earlier)s`; put report_only before warn, and warn before enforce",
                    later=later.value,
                    earlier=earlier.value,
                )
                raise wrong_value("stages", words, key=later.value)
        return self

    def starts(self) -> list[tuple[Stage, datetime]]:
        """The stages that are given, the mildest first, with their starts."""
        all_stages = (
            (Stage.REPORT_ONLY, self.report_only),
            (Stage.WARN, self.warn),
            (Stage.ENFORCE, self.enforce),
        )
        return [(stage, start) for stage, start in all_stages if start is not None]

    def at(self, now: datetime) -> Stage:
        """The stage at ``now``; ``pending`` before the first."""
        return next((stage for stage, start in reversed(self.starts()) if start <= now), Stage.PENDING)

    def next_start(self, now: datetime) -> datetime | None:
        return next((start for _, start in self.starts() if start > now), None)


def grace_end(grace: timedelta | None, first_seen: datetime | None, now: datetime) -> datetime | None:
    """Until when a device is new to a rule; None if it is not new, or if it is unknown when it was first reported."""
    first = happened(first_seen, now)
    if grace is None or first is None:
        return None
    end = first + grace
    return end if now < end else None


def softened(effect: Effect, stage: Stage) -> Effect:
    """The effect in a stage: ``warn`` turns a block or a challenge into a warning page."""
    if stage is Stage.WARN and effect in (Effect.BLOCK, Effect.CHALLENGE):
        return Effect.WARN
    return effect


def in_share(share: float, rule: str, subject: str) -> bool | None:
    """Whether a rule's share includes ``subject``: a person, or a device; None if neither is known."""
    return bool(share) if share in (0, 1) else reaches(share, place_in_shares(rule, subject))


def place_in_shares(rule: str, subject: str) -> float | None:
    """The place of a subject among all, from 0 to 1, by a hash, so it stays in a share that grows: the same in every spelling and
    domain of a login, or people could choose it. None if nobody knows who it is."""
    bare = confusable_name(subject)
    if not has_one_reading(bare):
        return None
    digest = sha256(f"{rule}\0{bare}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def reaches(share: float, place: float | None) -> bool | None:
    """Whether a share includes the subject at this place; None if that is unknown."""
    if share in (0, 1):
        return bool(share)
    return None if place is None else place < share

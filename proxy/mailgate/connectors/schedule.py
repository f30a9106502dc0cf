"""The schedule of a connector: when it runs, whether it reads everything, and its state after a run."""

from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.run import RunOutcome
from mailgate.errors import Trouble
from mailgate.model import SourceState

OVERLAP = timedelta(minutes=10)
"""How far back changes are requested again, since clocks differ and a change shows a moment after it was made."""
NARROWS_AFTER = timedelta(hours=1)
"""How long devices of which a source suddenly sees less keep their older report, so that people can look at the list of
them. A device that fell silent would keep it for ``posture.max_age``."""
HARMLESS = frozenset({None, Trouble.CUT, Trouble.GONE})
"""Troubles in which the source answered and its records count."""


def is_due(state: SourceState, settings: EverySource, now: datetime, chance: float) -> bool:
    """Whether it is time for a run: ``every`` after the last one ended, and at random up to a tenth more."""
    if state.last_attempt is None:
        return True
    return not state.last_attempt <= now < state.last_attempt + settings.every * (1 + chance / 10)


def changes_since(state: SourceState, settings: EverySource, now: datetime, listed: str) -> datetime | None:
    """The time from which changes are requested; None if everything has to be read, which it is every ``full_every``,
    after ``listed`` has changed, after a clock that was ahead, and while devices keep an older report for now."""
    full, cursor = state.last_full, state.cursor
    fresh = full is not None and full <= now < full + settings.full_every and state.listed == listed
    return cursor if fresh and cursor is not None and cursor <= now and not state.narrowed else None


def may_hold(state: SourceState, now: datetime) -> bool:
    """Whether devices of which less is seen than before may keep their older report in a run that begins ``now``."""
    return state.narrows_at is None or now < state.narrows_at


def state_after(
    state: SourceState, outcome: RunOutcome, started: datetime, now: datetime, listed: str
) -> SourceState:
    """The state of a connector after a run that looked for these apps."""
    new = _after(state, outcome, started, now, listed)
    since = state.trouble_since if new.trouble == state.trouble else now
    return replace(new, trouble_since=since if new.trouble else None)


def _after(
    state: SourceState, outcome: RunOutcome, started: datetime, now: datetime, listed: str
) -> SourceState:
    counts = replace(
        state,
        last_attempt=now,
        trouble=str(outcome.trouble or ""),
        taken=outcome.taken,
        gone=outcome.gone,
        running_since=None,
        retrying="",
        retry_at=None,
    )
    if outcome.trouble not in HARMLESS:
        cursor = None if outcome.trouble is Trouble.CURSOR else state.cursor
        return replace(counts, failing_since=state.failing_since or now, cursor=cursor)
    narrows_at = (state.narrows_at or started + NARROWS_AFTER) if outcome.narrowed else None
    good = replace(
        counts,
        last_success=now,
        failing_since=None,
        narrowed=len(outcome.narrowed),
        narrows_at=narrows_at,
    )
    if outcome.trouble is Trouble.CUT:
        return good
    good = replace(good, cursor=started - OVERLAP)
    if not outcome.full:
        return replace(good, held=state.held, trouble=str(Trouble.GONE) if state.held else "")
    return replace(good, last_full=now, devices=outcome.taken, held=outcome.held, listed=listed)

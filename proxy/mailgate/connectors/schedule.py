"""The schedule of a connector: when it runs, whether it reads everything, and its state after a run."""

from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.config.sources import EverySource
from mailgate.connectors.errors import Trouble
from mailgate.connectors.run import RunOutcome
from mailgate.model import SourceState

OVERLAP = timedelta(minutes=10)
"""How far back changes are requested again, since clocks differ and a change shows a moment after it was made."""
_HARMLESS = frozenset({None, Trouble.CUT, Trouble.GONE})
"""Troubles in which the source answered and its records count."""


def is_due(state: SourceState, settings: EverySource, now: datetime, chance: float) -> bool:
    """Whether it is time for a run: ``every`` after the last one ended, and at random up to a tenth more."""
    if state.last_attempt is None:
        return True
    return not state.last_attempt <= now < state.last_attempt + settings.every * (1 + chance / 10)


def changes_since(state: SourceState, settings: EverySource, now: datetime, listed: str) -> datetime | None:
    """The time from which changes are requested; None if everything has to be read, which it is every ``full_every``,
    after the listed apps have changed, and after a clock that was ahead."""
    full, cursor = state.last_full, state.cursor
    fresh = full is not None and full <= now < full + settings.full_every and state.listed == listed
    return cursor if fresh and cursor is not None and cursor <= now else None


def state_after(
    state: SourceState, outcome: RunOutcome, started: datetime, now: datetime, listed: str
) -> SourceState:
    """The state of a connector after a run that looked for these apps."""
    counts = replace(
        state, last_attempt=now, trouble=str(outcome.trouble or ""), taken=outcome.taken, gone=outcome.gone
    )
    if outcome.trouble not in _HARMLESS:
        cursor = None if outcome.trouble is Trouble.CURSOR else state.cursor
        return replace(counts, failing_since=state.failing_since or now, cursor=cursor)
    good = replace(counts, last_success=now, failing_since=None)
    if outcome.trouble is Trouble.CUT:
        return good
    good = replace(good, cursor=started - OVERLAP)
    if not outcome.full:
        return replace(good, held=state.held, trouble=str(Trouble.GONE) if state.held else "")
    return replace(good, last_full=now, devices=outcome.taken, held=outcome.held, listed=listed)

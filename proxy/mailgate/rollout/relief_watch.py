"""Watches the store for reliefs, and says which rules are out at one gate."""

from collections.abc import Callable
from datetime import datetime

import structlog

from mailgate.policy.reliefs import NO_RELIEFS, Relief, Reliefs
from mailgate.store import StoreError
from mailgate.store.reliefs import StoredReliefs

log = structlog.get_logger()


class ReliefWatch:
    """Call ``start`` first, then ``refresh`` regularly. While the store cannot be reached, known reliefs hold until they
    end."""

    def __init__(self, stored: StoredReliefs, clock: Callable[[], datetime]) -> None:
        self._stored = stored
        self._clock = clock
        self.current: Reliefs = NO_RELIEFS

    async def start(self) -> None:
        """Read the reliefs for the first time. Raises StoreError."""
        self._take(await self._stored.current(self._clock()))

    async def refresh(self) -> bool:
        """Whether anything has changed since the last look. Does not raise if the store cannot be reached."""
        try:
            if await self._stored.serial() == self.current.serial:
                return False
            self._take(await self._stored.current(self._clock()))
        except StoreError:
            return False
        return True

    def off(self) -> tuple[Relief, ...]:
        """The halts and break-glass that hold now."""
        return self.current.for_everybody(self._clock())

    def exemptions(self) -> tuple[Relief, ...]:
        """The exemptions that hold now."""
        return self.current.exemptions(self._clock())

    def _take(self, found: Reliefs) -> None:
        """Use these reliefs from now on, and log a warning about rules that are out for everybody."""
        now = self._clock()
        before, after = self.off(), found.for_everybody(now)
        for each in after:
            if each not in before:
                until = each.until.isoformat() if each.until else None
                log.error("rule-off", rule=each.rule, cause=each.cause, until=until, why=each.why)
        for each in before:
            if each not in after:
                log.warning("rule-on-again", rule=each.rule, cause=each.cause)
        self.current = found

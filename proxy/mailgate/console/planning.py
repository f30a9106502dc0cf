"""Plans that somebody asked for: made in the background, and shown with the names of people as long as they are in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from cachetools import TTLCache

from mailgate.config import Rules
from mailgate.errors import MailgateError
from mailgate.rollout.acts import Person
from mailgate.rollout.plan import Plan
from mailgate.store import Planned
from mailgate.store.audit import Audit

Progress = Callable[[int, int], None]
MakePlan = Callable[[Rules, int, Person, Progress], Awaitable[Plan]]
"""Makes and keeps a plan of a candidate over so many days. Raises MailgateError."""

KEPT = 20
"""Plans whose samples are kept in memory; the store has no names of people."""
_DAY = 86400
"""Seconds for which they are."""


@dataclass(slots=True)
class Making:
    """One plan that is being made, or was."""

    who: str
    began: datetime
    done: int = 0
    of: int = 0
    digest: str = ""
    """Once it is made."""
    wrong: str = ""
    """Why there is none."""

    @property
    def runs(self) -> bool:
        return not self.digest and not self.wrong

    def show(self, done: int, of: int) -> None:
        self.done, self.of = done, of


class Planning:
    """One plan at a time: it takes the processor away from requests."""

    def __init__(self, make: MakePlan) -> None:
        self._make = make
        self._task: asyncio.Task[None] | None = None
        self._whole: TTLCache[str, Plan] = TTLCache(KEPT, _DAY)
        self.last: Making | None = None

    def start(self, candidate: Rules, days: int, who: Person, now: datetime) -> bool:
        """Begin to make a plan; False while another one is made."""
        if self.last and self.last.runs:
            return False
        self.last = making = Making(who.name, now)
        self._task = asyncio.get_running_loop().create_task(self._run(making, candidate, days, who))
        return True

    def samples(self, digest: str) -> Plan | None:
        """The plan with the names of some people, where it was made here and not long ago."""
        return self._whole.get(digest)

    async def named(self, found: Planned, audit: Audit) -> Plan | None:
        """The same, unless anybody was forgotten since: nobody is named any more who may be one of them."""
        whole = self.samples(found.digest)
        if whole is not None and await audit.forgot_since(found.made_at):
            self._whole.pop(found.digest, None)
            return None
        return whole

    async def stop(self) -> None:
        """End what runs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, making: Making, candidate: Rules, days: int, who: Person) -> None:
        try:
            made = await self._make(candidate, days, who, making.show)
            self._whole[made.digest] = made
            making.digest = made.digest
        except MailgateError as error:
            making.wrong = f"No plan was made: {error}"
        except Exception as error:  # noqa: BLE001 - its text may quote what nobody should read
            making.wrong = f"No plan was made ({type(error).__name__})."
        finally:
            making.wrong = making.wrong or ("" if making.digest else "It was ended.")

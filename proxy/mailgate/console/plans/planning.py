"""Makes requested plans in the background."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import computed_field, with_config

from mailgate.config import Rules
from mailgate.errors import MailgateError
from mailgate.model.fact import DESCRIBED, Words
from mailgate.model.phrase import phrase
from mailgate.rollout.person import Person
from mailgate.rollout.plan import Plan
from mailgate.tasks import end

Progress = Callable[[int, int], None]
MakePlan = Callable[[Rules, int, Person, Progress], Awaitable[Plan]]
"""Makes and keeps a plan of a candidate over this many days. Raises MailgateError."""


@with_config(DESCRIBED)
@dataclass(slots=True)
class RequestedPlan:
    """A plan that is being made, or its result."""

    who: str
    """The admin who asked for it."""
    began: datetime
    """When it began."""
    done: int = 0
    """The number of devices that are decided."""
    total: int = 0
    """The number of all devices; 0 while it is unknown."""
    digest: str = ""
    """The digest of the plan; empty until it is made."""
    wrong: Words = ""
    """Why it could not be made; empty otherwise."""

    @computed_field  # type: ignore[prop-decorator] # mypy knows no decorated property
    @property
    def runs(self) -> bool:
        """Whether it is still being made."""
        return not self.digest and not self.wrong

    def show(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class Planning:
    """Makes one plan at a time, since that takes processor time away from requests."""

    def __init__(self, make: MakePlan) -> None:
        self._make = make
        self._task: asyncio.Task[None] | None = None
        self.last: RequestedPlan | None = None

    def start(self, candidate: Rules, days: int, who: Person, now: datetime) -> bool:
        """Begin to make a plan. Returns False while another one is being made."""
        if self.last and self.last.runs:
            return False
        self.last = making = RequestedPlan(who.name, now)
        self._task = asyncio.get_running_loop().create_task(self._run(making, candidate, days, who))
        return True

    async def stop(self) -> None:
        """Stop the plan that is being made."""
        await end(self._task)

    async def _run(self, making: RequestedPlan, candidate: Rules, days: int, who: Person) -> None:
        try:
            made = await self._make(candidate, days, who, making.show)
            making.digest = made.digest
        except MailgateError as error:
            making.wrong = phrase("No plan was made: %(error)s", error=error.words)
        except Exception as error:  # noqa: BLE001 - its text may quote secrets
            making.wrong = phrase("No plan was made (%(name)s).", name=type(error).__name__)
        finally:
            making.wrong = making.wrong or ("" if making.digest else phrase("Somebody ended it."))

"""Counting whom a rule is about because somebody asked for it; exactly those who were counted are written to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cachetools import LRUCache

from mailgate.errors import MailgateError
from mailgate.mail.announce import Announcement
from mailgate.mail.topic import Topic
from mailgate.rollout.acts import RefusedError
from mailgate.store import About
from mailgate.tasks import end

log = structlog.get_logger()

Progress = Callable[[int, int], None]
CountThem = Callable[[Topic, Progress], Awaitable[Announcement]]
"""Decides everybody. Raises MailgateError."""

KEPT = 8
"""Counts that are remembered, with the names of people."""
GOOD_FOR = timedelta(minutes=30)
"""Afterwards other people and devices may have come: count again."""


@dataclass(slots=True)
class Counting:
    """Whom one mail would go to: being counted, or counted."""

    about: About
    who: str
    began: datetime
    done: int = 0
    of: int = 0
    topic: Topic | None = None
    found: Announcement | None = None
    """Once it is counted."""
    wrong: str = ""
    """Why there is no count."""

    @property
    def runs(self) -> bool:
        return self.found is None and not self.wrong

    def show(self, done: int, of: int) -> None:
        self.done, self.of = done, of


class RecipientCounts:
    """One count at a time: it takes the processor away from requests."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._counts: LRUCache[About, Counting] = LRUCache(KEPT)
        self._last: Counting | None = None

    def start(self, about: About, topic: Topic, count: CountThem, who: str, now: datetime) -> bool:
        """Begin to count; False while others are being counted."""
        if self._last and self._last.runs:
            return False
        self._last = self._counts[about] = made = Counting(about, who, now)
        self._task = asyncio.get_running_loop().create_task(_count(made, topic, count))
        return True

    def last(self, about: About, now: datetime) -> Counting | None:
        """The last count, as long as it is good."""
        found = self._counts.get(about)
        return found if found and now - found.began < GOOD_FOR else None

    def counted(self, about: About, now: datetime) -> tuple[Topic, Announcement]:
        """What is queued where somebody says so. Raises RefusedError where it is to be counted first."""
        found = self.last(about, now)
        if found is None or found.topic is None or found.found is None:
            raise RefusedError("who is meant has to be counted first, and not long ago: count them")
        return found.topic, found.found

    def forget(self, about: About) -> None:
        """What was queued is no longer to be sent."""
        self._counts.pop(about, None)

    async def stop(self) -> None:
        """End what runs."""
        await end(self._task)


async def _count(made: Counting, topic: Topic, count: CountThem) -> None:
    try:
        found = await count(topic, made.show)
        made.topic, made.found = topic, found
    except MailgateError as error:
        made.wrong = f"Nobody was counted: {error}"
    except Exception as error:  # noqa: BLE001 - its text may quote what nobody should read
        log.error("count-failed", error=type(error).__name__)
        made.wrong = f"Nobody was counted ({type(error).__name__})."
    finally:
        made.wrong = made.wrong or ("" if made.found else "It was ended.")

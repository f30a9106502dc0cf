"""Makes a recipient list on request, and keeps it, so that exactly the people on it get the mail later."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cachetools import LRUCache

from mailgate.console.notices.facts import RecipientCounts, recipient_counts
from mailgate.errors import MailgateError
from mailgate.mail.recipient_list import RecipientList
from mailgate.mail.topic import Topic
from mailgate.model.phrase import phrase
from mailgate.rollout.person import RefusedError
from mailgate.store import NoticeKey
from mailgate.tasks import end

log = structlog.get_logger()

Progress = Callable[[int, int], None]
CountRecipients = Callable[[Progress], Awaitable[RecipientList]]
"""Makes a recipient list. Raises MailgateError."""

MAX_LISTS = 8
"""How many lists are kept. They have the names of people."""
LIST_LASTS = timedelta(minutes=30)
"""How long a list may be used, since other people and devices may come later."""


@dataclass(slots=True)
class Counting:
    """One recipient list, being made or complete."""

    about: NoticeKey
    topic: Topic
    who: str
    began: datetime
    done: int = 0
    total: int = 0
    found: RecipientList | None = None
    """The list; None until it is complete."""
    wrong: str = ""
    """Why there is no list; empty otherwise."""

    @property
    def runs(self) -> bool:
        return self.found is None and not self.wrong

    @property
    def counts(self) -> RecipientCounts | None:
        return recipient_counts(self.found) if self.found else None

    def show(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class RecipientLists:
    """Makes one recipient list at a time, since that takes processor time away from requests."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._lists: LRUCache[NoticeKey, Counting] = LRUCache(MAX_LISTS)
        self._last: Counting | None = None

    def start(self, about: NoticeKey, topic: Topic, count: CountRecipients, who: str, now: datetime) -> bool:
        """Begin to count. Returns False while another list is being made."""
        if self._last and self._last.runs:
            return False
        self._last = self._lists[about] = made = Counting(about, topic, who, now)
        self._task = asyncio.get_running_loop().create_task(_count(made, count))
        return True

    def last(self, about: NoticeKey, now: datetime) -> Counting | None:
        """The last list of this notice; None if there is none that may still be used."""
        found = self._lists.get(about)
        return found if found and now - found.began < LIST_LASTS else None

    def counted(self, about: NoticeKey, now: datetime) -> tuple[Topic, RecipientList]:
        """The list whose mails may be queued. Raises RefusedError if it has to be counted first."""
        found = self.last(about, now)
        if found is None or found.found is None:
            raise RefusedError(phrase("count the recipients first"))
        return found.topic, found.found

    def forget(self, about: NoticeKey) -> None:
        """Drop a list whose mails were queued."""
        self._lists.pop(about, None)

    async def stop(self) -> None:
        await end(self._task)


async def _count(made: Counting, count: CountRecipients) -> None:
    try:
        made.found = await count(made.show)
    except MailgateError as error:
        made.wrong = phrase("Nobody was counted: %(error)s", error=error.words)
    except Exception as error:  # noqa: BLE001 - its text may quote personal data
        log.error("count-failed", error=type(error).__name__)
        made.wrong = phrase("Nobody was counted (%(name)s).", name=type(error).__name__)
    finally:
        made.wrong = made.wrong or ("" if made.found else phrase("Somebody ended it."))

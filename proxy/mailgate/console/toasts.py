"""Messages about an action, shown once on the page that it leads to, with a way to undo it if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

UNDO_TIME = timedelta(minutes=1)
_MAX_TOASTS = 1000


@dataclass(frozen=True, slots=True)
class Toast:
    """A message. ``undo`` is the address of a form that takes the action back, with these fields; empty if nothing does."""

    words: str
    at: datetime
    undo: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    """The only page that shows it."""

    def lasts(self, now: datetime) -> timedelta:
        """How much longer the action can be undone."""
        return max(timedelta(), self.at + UNDO_TIME - now)


class Toasts:
    """The last message of each session, by the session's token."""

    def __init__(self) -> None:
        self._said: LRUCache[str, Toast] = LRUCache(_MAX_TOASTS)

    def say(self, session: str, toast: Toast) -> None:
        """Show a message on its page, in place of an earlier one."""
        self._said[session] = toast

    def shown(self, session: str, page: str, now: datetime) -> Toast | None:
        """The message for this page; None if there is none. It is dropped with the next page, whichever that is."""
        said = self._said.pop(session, None)
        return said if said and said.lasts(now) and said.page == page else None

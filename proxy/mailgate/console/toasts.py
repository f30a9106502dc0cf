"""Messages about what was just done. They stand on the next page, and for a minute if it can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

LASTS = timedelta(minutes=1)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Toast:
    """``undo`` is the address of a form that takes it back, with these fields. Empty if nothing does."""

    words: str
    at: datetime
    undo: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def lasts(self, now: datetime) -> timedelta:
        """How much longer it can be taken back."""
        return max(timedelta(), self.at + LASTS - now)


class Toasts:
    """The last message of each session, by the session's token."""

    def __init__(self) -> None:
        self._last: LRUCache[str, Toast] = LRUCache(_MOST)

    def say(self, session: str, toast: Toast) -> None:
        """Show it on the next page."""
        self._last[session] = toast

    def shown(self, session: str, now: datetime) -> Toast | None:
        """The message to show now. It is shown once, or on every page for a minute if it can be taken back."""
        toast: Toast | None = self._last.get(session)
        if toast is None or not toast.undo or not toast.lasts(now):
            self._last.pop(session, None)
        return toast if toast is None or toast.lasts(now) else None

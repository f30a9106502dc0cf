"""What was just done, said on the next page, with a way back where there is one: for a minute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

LASTS = timedelta(minutes=1)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Toast:
    """``undo`` is the address of a form that takes it back, with these fields; empty where nothing does."""

    words: str
    at: datetime
    undo: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def lasts(self, now: datetime) -> timedelta:
        """How much longer it can be taken back."""
        return max(timedelta(), self.at + LASTS - now)


class Toasts:
    """The last of each session, by its token."""

    def __init__(self) -> None:
        self._last: LRUCache[str, Toast] = LRUCache(_MOST)

    def say(self, session: str, toast: Toast) -> None:
        """Show it on the next page."""
        self._last[session] = toast

    def shown(self, session: str, now: datetime) -> Toast | None:
        """What is to be shown now: once, but where it can be taken back, on every page for a minute."""
        toast: Toast | None = self._last.get(session)
        if toast is None or not toast.undo or not toast.lasts(now):
            self._last.pop(session, None)
        return toast if toast is None or toast.lasts(now) else None

"""What was just done, said once on the page that it leads to, with a way back where there is one."""

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
    page: str = ""
    """Where it is shown, and nowhere else: it is about what that page is about."""

    def lasts(self, now: datetime) -> timedelta:
        """How much longer it can be taken back."""
        return max(timedelta(), self.at + LASTS - now)


class Toasts:
    """The last message of each session, by the session's token."""

    def __init__(self) -> None:
        self._said: LRUCache[str, Toast] = LRUCache(_MOST)

    def say(self, session: str, toast: Toast) -> None:
        """Show it on its page, in the place of whatever was said before."""
        self._said[session] = toast

    def shown(self, session: str, page: str, now: datetime) -> Toast | None:
        """What this page is to show now. It is gone with any page that is shown."""
        said = self._said.pop(session, None)
        return said if said and said.lasts(now) and said.page == page else None

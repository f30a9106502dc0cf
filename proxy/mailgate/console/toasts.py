"""Messages about an action, shown once on the page that it leads to, with a way to undo it if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

LASTS = timedelta(minutes=1)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Toast:
    """A message. ``undo`` is the address of a form that takes the action back, with these fields; empty if nothing
    does."""

    words: str
    at: datetime
    undo: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    stays: bool = False
    """Whether its page shows it for a minute, however often it is left and loaded. Other messages are shown once."""
    page: str = ""
    """The only page that shows it."""

    def lasts(self, now: datetime) -> timedelta:
        """How much longer the action can be undone."""
        return max(timedelta(), self.at + LASTS - now)


class Toasts:
    """The last message of each session, by the session's token."""

    def __init__(self) -> None:
        self._said: LRUCache[str, tuple[Toast, ...]] = LRUCache(_MOST)

    def say(self, session: str, toast: Toast) -> None:
        """Show a message on its page, in place of an earlier one."""
        staying = tuple(
            each for each in self._said.get(session, ()) if each.stays and each.page != toast.page
        )
        self._said[session] = (*staying, toast)

    def shown(self, session: str, page: str, now: datetime) -> Toast | None:
        """The message for this page; None if there is none. A message that does not stay is dropped with the next page,
        whichever that is."""
        said = tuple(each for each in self._said.pop(session, ()) if each.lasts(now))
        staying = tuple(each for each in said if each.stays)
        if staying:
            self._said[session] = staying
        return next((each for each in reversed(said) if each.page == page), None)

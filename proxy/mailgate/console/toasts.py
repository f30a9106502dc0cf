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
    stays: bool = False
    """Whether its page shows it for a minute, however often it is left and loaded. Others are shown once."""
    page: str = ""
    """Where it is shown, and nowhere else: it is about what that page is about."""

    def lasts(self, now: datetime) -> timedelta:
        """How much longer it can be taken back."""
        return max(timedelta(), self.at + LASTS - now)


class Toasts:
    """The last message of each session, by the session's token."""

    def __init__(self) -> None:
        self._said: LRUCache[str, tuple[Toast, ...]] = LRUCache(_MOST)

    def say(self, session: str, toast: Toast) -> None:
        """Show it on its page, in the place of whatever was said there before."""
        staying = tuple(
            each for each in self._said.get(session, ()) if each.stays and each.page != toast.page
        )
        self._said[session] = (*staying, toast)

    def shown(self, session: str, page: str, now: datetime) -> Toast | None:
        """What this page is to show now. Whatever does not stay is gone with any page that is shown."""
        said = tuple(each for each in self._said.pop(session, ()) if each.lasts(now))
        staying = tuple(each for each in said if each.stays)
        if staying:
            self._said[session] = staying
        return next((each for each in reversed(said) if each.page == page), None)

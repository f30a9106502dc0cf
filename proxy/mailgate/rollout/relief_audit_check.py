"""Checks that the reliefs in the store are those that the audit log has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgate.model.phrase import phrase
from mailgate.policy.reliefs import Cause
from mailgate.store import Break, Entry
from mailgate.store.audit import audit_time
from mailgate.store.hash_chain import details_of
from mailgate.store.reliefs import KeptRelief, audit_details

FORGOTTEN = "person-forgotten"


@dataclass(slots=True)
class LoggedReliefs:
    """The reliefs that the log has."""

    given: dict[str, Entry] = field(default_factory=dict)
    """The entries, by the name of the relief: its cause and number."""
    ended: dict[str, Entry] = field(default_factory=dict)
    forgotten: int = 0
    """The number of the last entry that forgot a person. The exemptions of that person were deleted too."""

    def take(self, entry: Entry) -> None:
        """Read the next entry of the log."""
        if entry.what == FORGOTTEN:
            self.forgotten = entry.number
        elif entry.about.partition(" ")[0] in set(Cause):
            known = self.ended if entry.about in self.given else self.given
            known.setdefault(entry.about, entry)

    def of(self, kept: Sequence[KeptRelief], last: int, now: datetime) -> Iterator[Break]:
        """The differences between the log and these reliefs, which are all reliefs of the store. ``last`` is the last
        entry of the log."""
        names = {_about(each) for each in kept}
        for each in kept:
            about = _about(each)
            entry = self.given.get(about)
            if entry is None:
                yield Break(
                    last,
                    phrase(
                        "is the last one, and no entry gave %(about)s, which is in the store", about=about
                    ),
                )
            elif not (_is_given(each, entry) and _is_ended(each, self.ended.get(about))):
                yield Break(
                    entry.number,
                    phrase("gave %(about)s, which says something else in the store now", about=about),
                )
        for about, entry in self.given.items():
            if about not in names and self._has_to_be_there(about, now):
                yield Break(
                    entry.number, phrase("gave %(about)s, but the store does not have it", about=about)
                )

    def _has_to_be_there(self, about: str, now: datetime) -> bool:
        """Whether a relief must still be in the store: nobody ended it, its time is not over, and if it is an
        exemption, nobody was forgotten since then, who might be its person."""
        entry = self.given[about]
        over = about in self.ended or _is_over(details_of(entry).get("until"), now)
        return not over and not (about.startswith(Cause.EXEMPTION) and self.forgotten > entry.number)


def _is_over(until: object, now: datetime) -> bool:
    """Whether a time of the log is over. One that cannot be read is not."""
    try:
        return isinstance(until, str) and datetime.fromisoformat(until) <= now
    except (ValueError, TypeError):  # TypeError: without a zone
        return False


def _about(kept: KeptRelief) -> str:
    return f"{kept.relief.cause} {kept.relief.number}"


def _is_given(kept: KeptRelief, entry: Entry) -> bool:
    relief, details = kept.relief, details_of(entry)
    known: dict[str, Any] = audit_details(relief)
    named = bool(relief.person or relief.device) == (relief.cause is Cause.EXEMPTION)
    alike = all(details.get(name) == told for name, told in known.items())
    return named and alike and (relief.author, relief.why, audit_time(relief.at)) == _signed(entry)


def _is_ended(kept: KeptRelief, entry: Entry | None) -> bool:
    if entry is None or kept.ended_at is None:
        return entry is None and kept.ended_at is None
    return (kept.ended_by, kept.ended_why, audit_time(kept.ended_at)) == _signed(entry)


def _signed(entry: Entry) -> tuple[str, str, str]:
    return entry.who, entry.why, entry.at

"""Pages that are rendered once, with holes for what differs between requests.

``Holes`` are the values of a single request. A page to be cached is rendered with marks in their place, drawn at random for this one
rendering, so that no other text in it can be a mark; the values replace them at the end. ``without_holes`` is the view without these.
The template gets that view, whether the page is cached or not, and it is the key: a field that was forgotten here costs a hit but never
gives a wrong page. A template may check whether a hole is empty, since an empty one has no mark; else it may only write it.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import escape

from mailgate.gateway.pages.steps import texts_in_language
from mailgate.gateway.pages.view import View, own_path
from mailgate.texts import Language

_ANY_TIME = datetime.min.replace(tzinfo=UTC)


class Holes(NamedTuple):
    """The values that differ from request to request, as they came."""

    reference: str = ""
    subject: str = ""
    return_url: str = ""
    continue_url: str = ""
    help_ticket: str = ""
    looked_at: str = ""
    """The time for programs; the next field is the time for people."""
    looked_when: str = ""
    asked_at: str = ""
    asked_when: str = ""
    asked_words: str = ""
    answered_at: str = ""
    answered_when: str = ""
    answer: str = ""

    def written(self, hole: int) -> bytes:
        """The value of a hole as it is written in a page."""
        text = self[hole]
        return (quote(text, safe="") if hole == _SUBJECT else str(escape(text))).encode()


_SUBJECT = Holes._fields.index("subject")


def holes_of(view: View, language: Language) -> Holes:
    """The values of one request, for a page in this language."""
    paths = own_path(view.return_url), own_path(view.continue_url)
    looked, asked, answered = (
        _time_texts(at, language, view.now) for at in (view.looked_at, view.asked_at, view.answered_at)
    )
    told = *looked, *asked, view.asked_words, *answered, view.answer
    return Holes(view.reference, view.reference, *paths, view.help_ticket, *told)


def _time_texts(at: datetime | None, language: Language, now: datetime) -> tuple[str, str]:
    there = at.astimezone(UTC) if at else None
    return (f"{there:%Y-%m-%dT%H:%M:%SZ}", language.at(now).zoned(there)) if there else ("", "")


def marks_for(filled: Iterable[bool]) -> Holes:
    """Marks in place of the values that are not empty."""
    return Holes(*(secrets.token_hex(16) if each else "" for each in filled))


def without_holes(view: View, language: Language) -> View:
    """The view without its holes, for a page in this language. Its time and its deadline stay while the page shows the time left."""
    runs = view.remaining is not None or view.let_in_at is not None
    return replace(
        view,
        **texts_in_language(view, language.tag),
        reference="",
        return_url="",
        continue_url="",
        help_ticket="",
        looked_at=None,
        asked_at=None,
        asked_words="",
        answered_at=None,
        answer="",
        accept_language=language.form,
        default_language=language.tag,
        deadline=view.deadline if runs else None,
        now=view.now if runs else _ANY_TIME,
    )


@dataclass(frozen=True, slots=True)
class CutPage:
    """A rendered page, cut at its marks. ``places`` says which hole is at which place in ``pieces``."""

    pieces: tuple[bytes, ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def cut(cls, html: str, marks: Holes) -> "CutPage":
        pieces: list[bytes] = []
        places: list[tuple[int, int]] = []
        end = 0
        for mark in re.finditer("|".join(filter(None, marks)), html) if any(marks) else ():
            pieces += (html[end : mark.start()].encode(), b"")
            places.append((len(pieces) - 1, marks.index(mark[0])))
            end = mark.end()
        return cls((*pieces, html[end:].encode()), tuple(places))

    def filled(self, holes: Holes) -> bytes:
        pieces = list(self.pieces)
        for place, hole in self.places:
            pieces[place] = holes.written(hole)
        return b"".join(pieces)

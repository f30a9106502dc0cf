"""The law of the console's languages: every text of a page comes from the catalogs.

Each page is made once more in a language that puts ⟦ and ⟧ around every text of the catalogs. Everything outside of
these marks has to be data: a name, an id, code, a number, or words that somebody typed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from gettext import NullTranslations
from html.parser import HTMLParser

from babel import Locale
from babel.messages.pofile import read_po

from mailgate.texts import Language, catalog_of

PART = re.compile(r"(%\(\w+\)[a-z]|%%|<[^>]+>)")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "data-said", "data-ended", "data-copied", "data-label")
"""Attributes that people see or hear."""
AS_IT_IS = frozenset({"code", "pre", "time", "style", "script", "q", "text", "textarea", "blockquote"})
"""Elements of data, and of what people wrote; the words in a picture are drawn in a language, which tests/unit/console/plans/test_picture.py shows."""
WITHIN = frozenset({"a", "code", "strong", "em", "span", "br", "q", "time", "bdi", "tspan"})
"""Elements that do not end a sentence."""
CODES = re.compile(r": ?(?:[\w-]+\? )?[\w-]+(?:, [\w-]+)*(?:, …(?: \([\d,]+)?)? ?\.?")
"""What may stand in an address, listed behind the words that say so."""
WORD = re.compile(r"[A-Za-z][a-z]{2,}")


class Marked(NullTranslations):
    """Puts ⟦ and ⟧ around texts of the catalog, but not around the values and markup in them."""

    def gettext(self, message: str) -> str:
        return "".join(
            part if PART.fullmatch(part) or not any(map(str.isalpha, part)) else f"⟦{part}⟧"
            for part in PART.split(message)
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


MARKED = Language("qps", Locale("en"), Marked())


def of_the_demo(place: tuple[str, int | None]) -> bool:
    return place[0].startswith("demo/start/")


@cache
def vocabulary() -> frozenset[str]:
    """The words of the catalogs, which tell an unmarked text from data. The start page of the demo names people and apps."""
    with catalog_of("mailgate.console", "de").open("rb") as file:
        texts = [
            each.id
            for each in read_po(file)
            if not each.locations or not all(map(of_the_demo, each.locations))
        ]
    told = " ".join(
        PART.sub(" ", text) for each in texts for text in ([each] if isinstance(each, str) else each)
    )
    return frozenset(word.lower() for word in WORD.findall(told))


@dataclass
class Reader(HTMLParser):
    """Finds the text outside of the marks."""

    outside: list[str] = field(default_factory=list)
    said: str = ""
    kept: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in WITHIN:
            self.ends()
        if tag in AS_IT_IS or (tag != "html" and dict(attrs).get("lang")):
            self.kept.append(tag)
        for name, value in attrs:
            if name in SPOKEN and value and tag != "time":
                self.outside.append(unmarked(value))

    def handle_endtag(self, tag: str) -> None:
        if self.kept and self.kept[-1] == tag:
            self.kept.pop()
        if tag not in WITHIN:
            self.ends()

    def handle_data(self, data: str) -> None:
        self.said += re.sub(r"[^⟦⟧]", "", data) if self.kept else data

    def ends(self) -> None:
        self.outside.append(unmarked(self.said))
        self.said = ""


def unmarked(text: str) -> str:
    """A text without its marked parts, also if one of the marks was cut off."""
    return re.sub(r"⟦[^⟦⟧]*(⟧|$)|^[^⟦⟧]*⟧", " ", text)


def told_otherwise(page: str, data: Iterable[str]) -> list[str]:
    """The texts of a page that are neither from the catalogs nor data."""
    reader = Reader()
    reader.feed(page)
    reader.ends()
    return [text for each in reader.outside if (text := " ".join(each.split())) and suspicious(text, data)]


def suspicious(text: str, data: Iterable[str]) -> bool:
    if CODES.fullmatch(text):
        return False
    for each in data:
        text = text.replace(each, " ")
    words = (word.strip(".,;:()?!“”…") for word in text.split())
    return any(WORD.fullmatch(word) and word.lower() in vocabulary() for word in words)

"""Translates sentences that were stored in English, such as the title of a plan: they are recognised by the texts of
the catalog."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from babel.messages.pofile import read_po

from mailgate.model.languages import SOURCE
from mailgate.model.phrase import Phrase, fill, joined_by_and, phrase
from mailgate.texts import Language, catalog_of

NOTES = (
    phrase("failed: %(why)s", why=""),
    phrase("starts at %(at)s", at=""),
    phrase("never starts"),
    phrase("outside the share of %(share)s%%", share=""),
    phrase("not in %(groups)s", groups=""),
    phrase("softened from %(effect)s by its stage", effect=""),
    phrase("softened from %(effect)s: the device is new until %(at)s", effect="", at=""),
    phrase("%(relief)s: would have decided", relief=""),
    phrase("it is out for a time, but decides here because `%(rule)s` after it would restrict more", rule=""),
    phrase("reported as lost: no rule lets it in"),
)
"""The notes on rules that were tried (``policy/decide.py``). The engine decides every request, so it makes no
phrases."""
SHARED = phrase(
    "the %(kind)s name %(name)s is reported for %(others)s too, which is another device",
    kind="",
    name="",
    others="",
)
"""The stored text about a device whose name another one has too (``devices/contradictions.py``)."""
FILES_WITH_STORED_SENTENCES = frozenset(
    {
        "console/stored_sentences.py",
        *(f"policy/{name}.py" for name in ("changes", "edits", "headlines", "reliefs")),
    }
)
"""The files whose sentences are stored in plans, drafts and trials."""
_WRITTEN_BY_CODE = frozenset({"summary", "place", "does", "did", "words", "relief", "field", "out", "effect"})
"""The values of these sentences that are written by the code. All others are data, such as titles, conditions and
reasons of admins."""
_VALUE = re.compile(r"%\((\w+)\)s|%%")


class Pattern(NamedTuple):
    """A text of the catalog, with a pattern for the sentences made from it."""

    found: re.Pattern[str]
    one: str
    more: str
    number: int
    """A number for which the text has this plural form."""


def translated(words: str, language: Language) -> str:
    """The sentence in this language. A sentence that is not recognised stays as it is."""
    if isinstance(words, Phrase):
        return words.render(language)
    if language.tag == SOURCE:
        return words
    for each in _patterns():
        if match := each.found.fullmatch(words):
            text = language.plural(each.one, each.more, each.number) if each.more else language.text(each.one)
            values = {
                name: translated(told, language) if name in _WRITTEN_BY_CODE else told
                for name, told in match.groupdict().items()
            }
            if "apps" in values and each.number > 1:
                values["apps"] = _names(values["apps"], language)
            return fill(text, dict(values), language)
    return words


def _names(words: str, language: Language) -> str:
    """Several names with the words between them."""
    first, _, last = words.partition(" and ")
    return (
        translated(words, language)
        if " and " in last or last.endswith(" others")
        else joined_by_and(first, last).render(language)
    )


def stored_phrase(words: str) -> Phrase:
    """A stored sentence as a part of another one."""
    return Phrase(lambda tongue: translated(words, tongue) if isinstance(tongue, Language) else words)


@cache
def _patterns() -> tuple[Pattern, ...]:
    """The patterns, those with most words of their own first, so that a sentence is not mistaken for a value in a
    shorter one."""
    return tuple(sorted(_read(), key=lambda each: -len(_VALUE.sub("", each.one))))


def _read() -> Iterator[Pattern]:
    with catalog_of(__package__, "de").open("rb") as file:
        texts = [
            each
            for each in read_po(file)
            if FILES_WITH_STORED_SENTENCES & {name for name, _ in each.locations}
        ]
    for each in texts:
        one, more = (each.id, "") if isinstance(each.id, str) else each.id
        yield Pattern(_pattern(one), one, more, 1)
        if more:
            yield Pattern(_pattern(more), one, more, 2)


def _pattern(text: str) -> re.Pattern[str]:
    parts, seen = list[str](), set[str]()
    for part in re.split(r"(%\(\w+\)s|%%)", text):
        name = _VALUE.fullmatch(part)
        if name is None:
            parts.append(re.escape(part))
        elif name[1] is None:
            parts.append("%")
        else:
            # a value in backticks has no backtick, except for a list of rules
            letter = "[^`]" if parts[-1:] and parts[-1].endswith("`") and name[1] != "rules" else "."
            parts.append(f"(?P={name[1]})" if name[1] in seen else f"(?P<{name[1]}>{letter}+?)")
            seen.add(name[1])
    return re.compile("".join(parts), re.DOTALL)

"""Ordered tables of rules over user agents, matched by the regex engine of ua-parser-rs.

That engine filters a whole table in one pass and takes time linear in the text, so no user agent, however odd, makes it
slow. Python's ``re`` has neither property. A table is built when it is first used, and a pattern is compiled when it is
first needed; ``Table.warm`` compiles all of them at once, so that no request waits for it.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from ua_parser_rs import DeviceExtractor

_PRINTABLE = bytes.maketrans(bytes([*range(0x20), 0x7F]), b" " * 33)


def readable(text: str) -> str:
    """A text as a table reads it and a log may show it: in ASCII, with a space for each control character."""
    return text.encode("ascii", "replace").translate(_PRINTABLE).decode("ascii")


class TableRule(NamedTuple):
    """A rule: if one of ``words`` matches, the sender has this form, because of ``why``.

    ``words`` are regular expressions, one a line or separated by `` | ``. Case is ignored unless a word says
    ``(?-i:…)``; ``~`` is a word boundary.
    """

    name: str
    form: str
    why: str
    words: str

    @property
    def each(self) -> list[str]:
        return re.split(r"\s*\n\s*| \| ", self.words.strip())

    @property
    def pattern(self) -> str:
        """The words as one regular expression. It uses the ASCII word boundary, which is faster, since the text is ASCII."""
        return "|".join(self.each).replace("~", r"(?-u:\b)")


class Match(NamedTuple):
    """The first rule of a table that matched, and the words that it matched."""

    rule: TableRule
    text: str


class Table:
    """Rules in order. The first that matches counts."""

    def __init__(self, rules: Iterable[TableRule]) -> None:
        self.rules = {rule.name: rule for rule in rules}

    @cached_property
    def _extractor(self) -> DeviceExtractor:
        """The rules in the engine's form: a pattern and the texts of a match. ``$0`` stands for the matched words."""
        return DeviceExtractor((rule.pattern, "i", rule.name, None, "$0") for rule in self.rules.values())

    @classmethod
    def joined(cls, *tables: "Table") -> "Table":
        """Join tables. The result finds the match of the first table that has one. The names of all rules must differ."""
        return cls(rule for table in tables for rule in table.rules.values())

    def warm(self) -> None:
        """Compile the patterns. The engine compiles a pattern when a text has the literals that it looks for.

        The words of a rule contain these literals. So each rule is matched with its own words: all together or, if an
        earlier rule matches them too, one by one.
        """
        for rule in self.rules.values():
            for words in (rule.words, *rule.each):
                found = self.first(words)
                if found and found.rule is rule:
                    break

    def first(self, text: str) -> Match | None:
        """The first rule, in the order of the table, that matches anywhere in ``text`` (ASCII)."""
        found = self._extractor.extract(text)
        return Match(self.rules[found.family], found.model or "") if found else None

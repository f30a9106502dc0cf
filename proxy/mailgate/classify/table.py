"""Ordered tables of rules over user agents, matched by the regex engine of ua-parser-rs.

That engine filters a whole table in one pass and takes time linear in the text, so no user agent, however
odd, makes it slow. Python's ``re`` has neither property. A pattern is compiled when it is first needed;
``Table.warm`` needs them all at once, so that no request waits for it.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ua_parser_rs import DeviceExtractor

if TYPE_CHECKING:  # names that only the types of the package have
    from ua_parser_rs import Device, DeviceParser


_RULE = "\0"
"""The brand by which a rule is told from a device. No device has it, since no control character is ever looked through."""


class Rule(NamedTuple):
    """One of ``words`` says that the sender has this form, because of ``why``.

    ``words`` are regular expressions, one a line or separated by `` | ``. Case is ignored unless a word says
    ``(?-i:…)``; ``~`` is a word boundary.
    """

    name: str
    form: str
    why: str
    words: str

    @property
    def each(self) -> list[str]:
        """The words one by one."""
        return re.split(r"\s*\n\s*| \| ", self.words.strip())

    @property
    def pattern(self) -> str:
        """The words as one regular expression. The boundary is the ASCII one: cheaper, and the text is ASCII."""
        return "|".join(self.each).replace("~", r"(?-u:\b)")


class Match(NamedTuple):
    """The first rule of a table that matched, and the words that it matched."""

    rule: Rule
    text: str


class Table:
    """Rules in order: the first that matches counts."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self._extractor = DeviceExtractor(self._rows())

    @classmethod
    def joined(cls, *tables: "Table") -> "Table":
        """What it finds is what the first of ``tables`` that finds anything would; no two of them name a rule alike."""
        return cls(rule for table in tables for rule in table.rules.values())

    def warm(self) -> None:
        """Compiles the patterns: the words of a rule hold what its pattern looks for, all together or, where they hold
        something for an earlier rule as well, one of them.
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

    def _rows(self) -> list["DeviceParser"]:
        """The rules as the engine reads them: a pattern, and what is told of a match; ``$0`` are the words that it matched."""
        return [(rule.pattern, "i", rule.name, _RULE, "$0") for rule in self.rules.values()]


class DevicesOrRules(Table):
    """The rules of a table behind the patterns of ua-parser's devices: where no device is found, as beside most computers, one
    look tells the first rule as well.
    """

    def __init__(self, devices: Iterable["DeviceParser"], table: Table) -> None:
        self.rules = table.rules
        self._extractor = DeviceExtractor([*devices, *self._rows()])

    def look(self, text: str) -> "Device | Match | None":
        """The device that ``text`` (ASCII, without control characters) names, else the first rule that matches it."""
        found = self._extractor.extract(text)
        if found is None or found.brand != _RULE:
            return found
        return Match(self.rules[found.family], found.model or "")

    def first(self, text: str) -> Match | None:
        """The first rule, unless a device is named."""
        found = self.look(text)
        return found if isinstance(found, Match) else None

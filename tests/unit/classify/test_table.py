import re
from collections.abc import Iterable

import pytest
from ruamel.yaml import YAML
from tests.unit.classify.conftest import VECTORS

from mailgate.classify import warm
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS, NO_FORM
from mailgate.classify.programs import BOTS, MAIL_APPS, TOOLS
from mailgate.classify.reading import KIND_OF_FORM
from mailgate.classify.table import Match, Table, TableRule, readable

TABLES = {
    "appliances": APPLIANCES,
    "handhelds": HANDHELDS,
    "masked": DESKTOP_MODE,
    "desktops": DESKTOPS,
    "bots": BOTS,
    "tools": TOOLS,
    "mail-apps": MAIL_APPS,
}


def test_the_first_rule_that_matches_counts_and_gives_its_words() -> None:
    table = Table([TableRule("one", "tv", "", "b+"), TableRule("two", "car", "", "a | c~")])
    match = table.first("xaBBx")
    assert match is not None
    assert (match.rule.name, match.rule.form, match.text) == ("one", "tv", "BB")
    assert table.first("xyz") is None


@pytest.mark.parametrize("name", TABLES)
def test_every_rule_decides_some_labelled_user_agent(name: str, labelled: dict[str, list[str]]) -> None:
    agents = [agent for agents in labelled.values() for agent in agents]
    deciding = {match.rule.name for agent in agents if (match := TABLES[name].first(agent))}
    assert set(TABLES[name].rules) - deciding == set()


@pytest.mark.parametrize("name", TABLES)
def test_every_rule_names_a_form_and_says_why(name: str) -> None:
    assert all(rule.form in KIND_OF_FORM and rule.why for rule in TABLES[name].rules.values())


IN_ORDER = (TOOLS, BOTS, APPLIANCES, HANDHELDS, DESKTOP_MODE, DESKTOPS)
JOINED = Table.joined(*IN_ORDER)


def test_no_two_tables_that_are_joined_name_a_rule_alike() -> None:
    assert list(JOINED.rules) == [name for table in IN_ORDER for name in table.rules]


def test_every_rule_without_a_form_exists() -> None:
    assert set(HANDHELDS.rules) >= NO_FORM


def test_warming_needs_the_pattern_of_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Table, "first", lambda _self, text: asked.append(text))
    warm()
    rules = [rule for table in TABLES.values() for rule in table.rules.values()]
    assert {words for rule in rules for words in (rule.words, *rule.each)} <= set(asked)


class Asked(Table):
    """A table that notes what is asked of it."""

    def __init__(self, rules: Iterable[TableRule]) -> None:
        super().__init__(rules)
        self.texts: list[str] = []

    def first(self, text: str) -> Match | None:
        self.texts.append(text)
        return super().first(text)


def test_warming_asks_single_words_only_after_an_earlier_rule() -> None:
    rules = ("a | c", "a | b", "c", "d\n  e")
    table = Asked(TableRule(words, "tv", "", words) for words in rules)
    table.warm()
    assert table.texts == ["a | c", "a | b", "a", "b", "c", "c", "d\n  e"]


@pytest.mark.parametrize(
    ("words", "each", "pattern"),
    [
        ("a", ["a"], "a"),
        ("a|b | c", ["a|b", "c"], "a|b|c"),
        ("\n  a | ~b~\n  c\n", ["a", "~b~", "c"], r"a|(?-u:\b)b(?-u:\b)|c"),
    ],
)
def test_the_words_of_a_rule_become_a_pattern(words: str, each: list[str], pattern: str) -> None:
    rule = TableRule("one", "tv", "", words)
    assert (rule.each, rule.pattern) == (each, pattern)


def test_tables_are_joined_in_order() -> None:
    one, two = TableRule("one", "tv", "", "a"), TableRule("two", "car", "", "a | b")
    joined = Table.joined(Table([one]), Table([two]))
    assert (joined.first("ba"), joined.first("b")) == (Match(one, "a"), Match(two, "b"))


def test_a_text_is_read_in_ascii_without_control_characters() -> None:
    everything = "".join(map(chr, range(0x80)))
    assert readable(everything) == " " * 0x20 + everything[0x20:0x7F] + " "
    assert readable("\x80\xe9\u2028\ud800") == "????"


@pytest.mark.parametrize("name", [*TABLES, "joined"])
def test_warming_asks_words_of_every_rule_that_none_before_it_takes(name: str) -> None:
    table = {**TABLES, "joined": JOINED}[name]
    places = {rule: place for place, rule in enumerate(table.rules)}
    for rule in table.rules.values():
        found = [table.first(words) for words in (rule.words, *rule.each)]
        reached = any(match is None or places[match.rule.name] >= places[rule.name] for match in found)
        assert reached or rule.name in NEVER_FIRST


NEVER_FIRST = {"blink-brand-on-webkit"}
"""All of its words name a Macintosh, which a rule of handhelds takes before it."""


EXAMPLES: dict[str, list[str]] = YAML(typ="safe").load((VECTORS / "words.yaml").read_text("utf-8"))
BY_NAME = {name: (table, rule) for table in TABLES.values() for name, rule in table.rules.items()}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_word_of_a_rule_is_there_for_something(name: str) -> None:
    """A word that is lost, or that a rule before it takes, lets one of the examples be decided otherwise."""
    table, rule = BY_NAME[name]
    decided = {text: match.rule.name if (match := table.first(text)) else None for text in EXAMPLES[name]}
    assert {text: by for text, by in decided.items() if by != name} == {}
    words = [(word, re.compile(word.replace("~", r"\b"), re.IGNORECASE | re.ASCII)) for word in rule.each]
    assert [word for word, pattern in words if not any(map(pattern.search, EXAMPLES[name]))] == []


def test_examples_are_of_rules_that_there_are() -> None:
    assert EXAMPLES.keys() == BY_NAME.keys()

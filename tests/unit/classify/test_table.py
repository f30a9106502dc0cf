import re

import pytest
from ruamel.yaml import YAML
from tests.unit.classify.conftest import VECTORS

from mailgate.classify import warm
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktop_mode import DESKTOP_MODE
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import HANDHELDS, NO_FORM
from mailgate.classify.programs import BOTS, MAIL_APPS, TOOLS
from mailgate.classify.reading import KIND_OF_FORM
from mailgate.classify.table import DevicesOrRules, Match, Rule, Table

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
    table = Table([Rule("one", "tv", "", "b+"), Rule("two", "car", "", "a | c~")])
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


def test_a_device_hides_the_rules_behind_it() -> None:
    rule = Rule("one", "tv", "", "b+")
    table = DevicesOrRules(lambda: [("a(.)", None, "Family $1", "Brand", None)], Table([rule]))
    device = table.look("bbac")
    assert device is not None
    assert not isinstance(device, Match)
    assert (device.family, device.brand, device.model) == ("Family c", "Brand", "c")
    assert table.first("bbac") is None
    assert table.look("xbb") == table.first("xbb") == Match(rule, "bb")
    assert table.look("x") is table.first("x") is None


def test_the_rules_without_form_exist() -> None:
    assert set(HANDHELDS.rules) >= NO_FORM


def test_warming_needs_the_pattern_of_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Table, "first", lambda _self, text: asked.append(text))
    warm()
    rules = [rule for table in TABLES.values() for rule in table.rules.values()]
    assert {words for rule in rules for words in (rule.words, *rule.each)} <= set(asked)


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

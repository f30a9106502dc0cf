import pytest

from mailgate.classify import warm
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import HANDHELDS, NO_FORM
from mailgate.classify.masked import MASKED
from mailgate.classify.programs import BOTS, MAIL_APPS, TOOLS
from mailgate.classify.reading import KIND_OF_FORM
from mailgate.classify.table import Rule, Table

TABLES = {
    "appliances": APPLIANCES,
    "handhelds": HANDHELDS,
    "masked": MASKED,
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


def test_the_rules_without_form_exist() -> None:
    assert set(HANDHELDS.rules) >= NO_FORM


def test_warming_needs_the_pattern_of_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Table, "first", lambda _self, text: asked.append(text))
    warm()
    assert {rule.words for table in TABLES.values() for rule in table.rules.values()} <= set(asked)

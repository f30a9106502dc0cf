"""What differs between two policies, in words."""

from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import pytest
from pydantic import BaseModel
from tests.unit.rollout.examples import rules

from mailgate.config import compile_rules
from mailgate.console.languages import console_languages
from mailgate.console.stored_sentences import translated
from mailgate.model.phrase import translate
from mailgate.policy.apps import ListedApp
from mailgate.policy.changes import Change, changes, fields_of, subject_in_words
from mailgate.policy.groups import Groups
from mailgate.policy.rules import Default, Rule

OLD = """
rules:
  - {id: laptop, when: client.kind == "laptop", effect: allow}
  - {id: app, when: '"prohibited" in device.lists', effect: warn, stages: {warn: 2026-12-01}}
  - {id: rest, when: client.handheld, effect: allow}
"""
APPS = "apps: {tiktok: {name: TikTok}, chess: {name: Chess}}\nlists: {prohibited: [tiktok], games: [chess]}\n"


def told(new: str = OLD, apps: str = APPS) -> list[str]:
    return [str(each) for each in changes(rules(OLD, APPS), rules(new, apps))]


def test_the_same_rules_differ_in_nothing() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("effect: warn", "effect: block", "~ rule app: keeps out now, warns before"),
        ("warn: 2026-12-01", "enforce: 2026-12-02", "~ rule app: the start of enforcement is `2026-12-02T00:00:00Z` now, was not given before"),
        ("client.handheld", "client.probed", "~ rule rest: the condition is `client.probed` now, was `client.handheld`"),
        ('client.handheld, ', 'client.handheld, share: 25%, ', "~ rule rest: the share of people is `25%` now, was `100%`"),
        ("rules:", "default: {effect: allow}\nrules:", "~ default: lets in now, keeps out before"),
        ("id: rest", "id: others", "+ rule others: lets in everybody who meets `client.handheld`; read last"),
        ("id: rest", "id: others", "- rule rest: lets in everybody who meets `client.handheld` no longer"),
        ("id: laptop", "id: computer", '+ rule computer: lets in everybody who meets `client.kind == "laptop"`; read before `app`'),
    ],
)  # fmt: skip
def test_a_change_of_a_rule_is_said(old: str, new: str, words: str) -> None:
    assert words in told(OLD.replace(old, new))


def test_a_rule_that_is_read_earlier_is_named_alone() -> None:
    first, second, third = OLD.strip().splitlines()[1:]
    assert told(f"rules:\n{third}\n{first}\n{second}") == [
        "~ rule rest: is read before `laptop`, `app` now, was read after"
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("chess: {name: Chess}", "chess: {name: Chess}, go: {name: Go}", "+ app go: Go is listed; counts from each device's next report"),
        ("[tiktok]", "[tiktok, chess]", "~ list prohibited: has Chess (`chess`) now"),
        ("[tiktok]", "[chess]", "~ list prohibited: has TikTok (`tiktok`) no longer"),
        (", games: [chess]", "", "- list games: is gone; it had Chess (`chess`)"),
        ("name: TikTok", "name: Tick", "~ app tiktok: the name is `Tick` now, was `TikTok`"),
        ("name: TikTok", "name: TikTok, ios: [a.b]", "~ app tiktok: the bundles on iOS is `a.b` now, was not given before"),
        ("chess: {name: Chess}", "chess: {name: Chess}, go: {name: Go, ios: [a.b]}", "+ app go: the bundles on iOS: `a.b`"),
    ],
)  # fmt: skip
def test_a_change_of_apps_and_lists_is_said(old: str, new: str, words: str) -> None:
    assert words in told(apps=APPS.replace(old, new))


@pytest.mark.parametrize(
    ("about", "german"),
    [
        ("rule no-phones", "Regel no-phones"),
        ("app tiktok", "App tiktok"),
        ("list prohibited", "Liste prohibited"),
        ("default", "default"),
    ],
)
def test_a_subject_is_named_in_any_language(about: str, german: str) -> None:
    assert (subject_in_words(about), translate(subject_in_words(about), console_languages()["de"])) == (
        about,
        german,
    )


WHOLE = """
default: {effect: warn, reason: rule-matched, title: Others, notice: {fix: wait, contact: d@example.com}}
rules:
  - {id: whole, title: Whole, when: client.handheld, effect: challenge, reason: kind-refused, share: 12.5%,
     stages: {report_only: 2031-01-01, warn: 2031-01-02, enforce: 2031-01-03}, groups: [sales, pilot], grace: 17d,
     halt_when: {block_rate: 31%, of: requests, at_least: 91, help_requests: 47, within: 43m},
     on_unavailable: allow, notice: {fix: Go and see Grace, contact: c@example.com}}
  - {id: rest, when: client.handheld, effect: allow}
"""
"""A rule and a default that give every field."""
PLAIN = "rules: [{id: rest, when: client.handheld, effect: allow}]"
GERMAN = console_languages()["de"]


def names_in(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The fields of a model, by their dotted names."""
    for name, field in model.model_fields.items():
        inner = [
            each
            for each in (field.annotation, *get_args(field.annotation))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        yield from names_in(inner[0], f"{before}{name}.") if inner else [before + name]


def in_both_languages(found: tuple[Change, ...]) -> list[str]:
    """All changes as they are kept in English, and as they are said in German."""
    german = " ".join(translate(each.words, GERMAN) for each in found)
    assert german == " ".join(translated(str(each.words), GERMAN) for each in found), "kept, and said later"
    return [" ".join(map(str, found)), german]


@pytest.mark.parametrize("gone", [False, True], ids=["new", "removed"])
def test_a_rule_is_described_with_every_field_that_it_gives(gone: bool) -> None:
    """A field that is added to the model and left out here fails."""
    versions = [rules(PLAIN, APPS), rules(WHOLE, APPS)]
    rule = versions[1].policy.rules[0]
    given = fields_of(rule)
    assert set(given) == set(names_in(Rule))
    found = tuple(
        each for each in changes(*reversed(versions) if gone else versions) if "whole" in each.about
    )  # type: ignore[misc]
    said = {"challenge": ("challenges", "verlangt Nachweis")}
    for number, text in enumerate(in_both_languages(found)):
        for name, value in given.items():
            words = said.get(value, (value, value))[number]
            assert words in text or name == "id", name


def test_the_default_is_described_with_every_field() -> None:
    old, new = rules(PLAIN, APPS), rules(WHOLE, APPS)
    given = fields_of(new.policy.default)
    assert set(given) == set(names_in(Default))
    for text in in_both_languages(tuple(each for each in changes(old, new) if each.about == "default")):
        assert not {name for name, value in given.items() if value not in text}


def test_no_field_is_called_by_its_name_in_the_file() -> None:
    found = changes(rules(PLAIN, APPS), rules(WHOLE, APPS.replace("{name: Chess}", CHESS)))
    assert not [str(each) for each in found if ": `" in str(each) and "`: `" in str(each)]


CHESS = "{name: Chess, vendor: Vee, android: [a.n], ios: [i.o], names: [En], extensions: [e.x], publishers: [Pub]}"


@pytest.mark.parametrize("new", [True, False])
def test_an_app_is_described_with_every_field(new: bool) -> None:
    known = APPS.replace("chess: {name: Chess}", "chess: {name: C}")
    before = APPS.replace(", chess: {name: Chess}", "").replace(", games: [chess]", "") if new else known
    after = rules(OLD, APPS.replace("{name: Chess}", CHESS))
    app = after.policy.catalog.apps["chess"]
    found = tuple(each for each in changes(rules(OLD, before), after) if each.about == "app chess")
    values = {each.name: getattr(app, each.name) for each in fields(ListedApp) if each.name != "key"}
    for text in in_both_languages(found):
        for name, value in values.items():
            assert value, name
            assert (value[0] if isinstance(value, tuple) else value) in text, name


@pytest.mark.parametrize(
    ("stages", "does"),
    [
        ("report_only: 2026-01-01", "only reports everybody who meets `true`"),
        ("warn: 2026-01-01", "warns everybody who meets `true`"),
        ("warn: 2026-01-01, enforce: 2027-01-01", "keeps out everybody who meets `true`"),
    ],
)
def test_a_rule_that_is_never_enforced_is_not_said_to_keep_anybody_out(stages: str, does: str) -> None:
    told_of = told(OLD + f"  - {{id: new, when: 'true', effect: block, stages: {{{stages}}}}}\n")
    assert f"+ rule new: {does}; read last" in told_of
    hidden = "+ rule new: what it would do if it were enforced: `block`"
    assert (hidden in told_of) is ("keeps out" not in does)


@pytest.mark.parametrize(
    ("given", "whom"),
    [
        ("groups: [sales, it]", "everybody in sales, it who meets `true`"),
        ("share: 50%", "everybody who meets `true`, but only 50% of them, always the same people"),
        (
            "share: 50%, groups: [it]",
            "everybody in it who meets `true`, but only 50% of them, always the same people",
        ),
    ],
)
def test_whom_a_rule_is_about_is_said(given: str, whom: str) -> None:
    new = rules(OLD + f"  - {{id: new, when: 'true', effect: block, {given}}}\n", APPS)
    found = changes(rules(OLD, APPS), new)
    assert f"+ rule new: keeps out {whom}; read last" in map(str, found)
    in_both_languages(found)


def test_a_text_in_several_languages_is_described_in_each() -> None:
    found = changes(rules(PLAIN), rules(PLAIN.replace("id: rest", "id: rest, title: {en: Rest, de: Ruhe}")))
    assert [str(each) for each in found] == [
        "~ rule rest: the title (en) is `Rest` now, was not given before",
        "~ rule rest: the title (de) is `Ruhe` now, was not given before",
    ]
    in_both_languages(found)


def test_who_joins_and_leaves_a_group_is_counted() -> None:
    old, new = (
        rules(PLAIN).with_groups(Groups.of_members(each))
        for each in (
            {"sales": ["ada", "lin"], "old": ["kim"]},
            {"sales": ["ada", "max", "eva"], "it": ["ada"]},
        )
    )
    found = changes(old, new)
    assert [str(each) for each in found] == [
        "+ group it: has 1 member",
        "- group old: had 1 member",
        "~ group sales: 2 members join",
        "~ group sales: 1 member leaves",
    ]
    in_both_languages(found)


def test_whether_groups_are_known_is_said_also_of_groups_without_members() -> None:
    """A rule for groups is about everybody where no groups are known, and then about nobody."""
    unknown, empty = rules(PLAIN), rules(PLAIN).with_groups(Groups.of_members({"sales": []}))
    for old, new, words in (
        (unknown, empty, "+ groups: groups are known: a rule for groups is about their members alone"),
        (empty, unknown, "- groups: no groups are known: a rule that restricts groups restricts everybody"),
    ):
        found = changes(old, new)
        assert [str(each) for each in found] == [words]
        in_both_languages(found)


def test_a_comma_in_a_name_is_not_taken_for_two_names() -> None:
    one, two = (
        compile_rules(
            {
                "apps.yaml": f"apps: {{chess: {{name: Chess, names: [{names}]}}}}\nlists: {{prohibited: [chess]}}\n",
                "policy.yaml": PLAIN,
            }
        )
        for names in ('"Chess, Mate"', "Chess, Mate")
    )
    found = changes(one, two)
    assert [str(each) for each in found] == [
        '~ app chess: the names in inventories is `Chess, Mate` now, was `"Chess, Mate"`'
    ]


def test_what_a_case_asks_and_expects_otherwise_is_said() -> None:
    case = "{name: phone, request: {target: %s}, expect: {effect: %s}}"
    old, new = (
        compile_rules(
            {"apps.yaml": APPS, "policy.yaml": PLAIN, "policy.tests.yaml": f"tests: [{case % each}]"}
        )
        for each in (("/", "block"), ("/mail", "allow"))
    )
    found = changes(old, new)
    assert [str(each) for each in found] == [
        "~ test case phone: `request.target` is `/mail` now, was `/`",
        "~ test case phone: `expect.effect` is `allow` now, was `block`",
    ]
    in_both_languages(found)


def test_cases_that_come_and_go_are_named() -> None:
    case = "{name: %s, request: {target: /}, expect: {effect: allow}}"
    old, new = (
        compile_rules(
            {
                "apps.yaml": APPS,
                "policy.yaml": PLAIN,
                "policy.tests.yaml": f"tests: [{', '.join(case % name for name in names)}]",
            }
        )
        for names in (("one", "two"), ("two", "three"))
    )
    found = changes(old, new)
    assert [str(each) for each in found] == [
        "- test case one: need not hold any more",
        "+ test case three: has to hold now",
    ]
    in_both_languages(found)

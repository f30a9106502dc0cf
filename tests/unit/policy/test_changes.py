"""What differs between two policies, in words."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import pytest
from pydantic import BaseModel
from tests.unit.rollout.examples import rules

from mailgate.config import compile_rules
from mailgate.model.apps import ListedApp
from mailgate.model.phrase import read_words, stored, translate
from mailgate.policy.changes import Change, changes, digest_of_texts, fields_of, subject_in_words
from mailgate.policy.people import Groups
from mailgate.policy.rules import Default, Rule
from mailgate.texts import console_languages

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
        ("effect: warn", "effect: block", ["~ rule app: blocks people now; before: warns"]),
        ("{warn: 2026-12-01}", "{warn: 2026-12-01, enforce: 2026-12-02}", ["~ rule app: the day from which it applies is 2026-12-02 00:00 UTC now, was not given before"]),
        (", stages: {warn: 2026-12-01}", "", ["~ rule app: the day from which it warns is not given any more, was 2026-12-01 00:00 UTC"]),
        ("client.handheld", "client.probed", ["~ rule rest: the condition is `client.probed` now, was `client.handheld`"]),
        ("client.handheld", "client.contradicted", ["~ rule rest: the condition is `client.contradicted` now, was `client.handheld`"]),
        ('client.handheld, ', 'client.handheld, share: 25%, groups: [it, hr], ', [
            "~ rule rest: the share of people is `25%` now, was `100%`",
            "~ rule rest: the groups whom it is about is `it, hr` now, was not given before",
        ]),
        ("rules:", "default: {effect: allow}\nrules:", ["~ default: gives mail to people now; before: blocks"]),
        ("id: rest", "id: others", [
            "+ rule others: gives mail to everybody who meets `client.handheld`; read last",
            "- rule rest: is gone; it gave mail to everybody who meets `client.handheld`",
        ]),
        ("id: app", "id: new", [
            '+ rule new: warns everybody who meets `"prohibited" in device.lists`; read before `rest`',
            "+ rule new: the day from which it warns: 2026-12-01 00:00 UTC",
            '- rule app: is gone; it warned everybody who meets `"prohibited" in device.lists`',
            "- rule app: the day from which it warns: 2026-12-01 00:00 UTC",
        ]),
        ("id: laptop", "id: computer", [
            '+ rule computer: gives mail to everybody who meets `client.kind == "laptop"`; read before `app`',
            '- rule laptop: is gone; it gave mail to everybody who meets `client.kind == "laptop"`',
        ]),
    ],
)  # fmt: skip
def test_a_change_of_a_rule_is_said(old: str, new: str, words: list[str]) -> None:
    assert told(OLD.replace(old, new)) == words


def test_rules_that_are_read_earlier_are_named_alone() -> None:
    first, second, third = OLD.strip().splitlines()[1:]
    assert told(f"rules:\n{third}\n{first}\n{second}") == [
        "~ rule rest: is read before `laptop`, `app` now, was read after"
    ]
    assert told(f"rules:\n{third}\n{second}\n{first}") == [
        "~ rule rest: is read before `laptop`, `app` now, was read after",
        "~ rule app: is read before `laptop` now, was read after",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("chess: {name: Chess}", "chess: {name: Chess}, go: {name: Go}", ["+ app go: Go is listed; counts from each device's next report"]),
        (", chess: {name: Chess}}\nlists: {prohibited: [tiktok], games: [chess]}", "}\nlists: {prohibited: [tiktok], games: []}", [
            "- app chess: is not listed any more, and not stored", "~ list games: no longer has Chess (`chess`)",
        ]),
        ("[tiktok]", "[tiktok, chess]", ["~ list prohibited: has Chess (`chess`) now"]),
        ("[tiktok]", "[chess]", ["~ list prohibited: has Chess (`chess`) now", "~ list prohibited: no longer has TikTok (`tiktok`)"]),
        (", games: [chess]", "", ["- list games: is gone; it had Chess (`chess`)"]),
        ("games: [chess]", "games: [chess], a: [], b: [tiktok, chess]", [
            "+ list a: a new list of nothing", "+ list b: a new list of TikTok (`tiktok`), Chess (`chess`)",
        ]),
        ("name: TikTok", "name: Tick", ["~ app tiktok: the name is `Tick` now, was `TikTok`"]),
        ("name: TikTok", "name: TikTok, ios: [a.b]", ["~ app tiktok: the bundles on iOS is `a.b` now, was not given before"]),
    ],
)  # fmt: skip
def test_a_change_of_apps_and_lists_is_said(old: str, new: str, words: list[str]) -> None:
    assert told(apps=APPS.replace(old, new)) == words


@pytest.mark.parametrize(
    ("about", "german"),
    [
        ("rule no-phones", "Regel no-phones"),
        ("app tiktok", "App tiktok"),
        ("list prohibited", "Liste prohibited"),
        ("group it", "Gruppe it"),
        ("default", "default"),
        ("groups", "groups"),
        ("rule", "rule"),
    ],
)
def test_a_subject_is_named_in_any_language(about: str, german: str) -> None:
    assert (subject_in_words(about), translate(subject_in_words(about), console_languages()["de"])) == (
        about,
        german,
    )


def test_a_case_is_called_a_test_case() -> None:
    assert subject_in_words("case a phone") == "test case a phone"


def test_rules_come_first_then_the_default_apps_lists_groups_and_cases() -> None:
    case = "tests: [{name: a, request: {target: /}, expect: {effect: allow}}]"
    policy = f"default: {{effect: warn}}\n{PLAIN.replace('id: rest', 'id: all')}"
    texts = {"apps.yaml": APPS.replace("games", "play"), "policy.yaml": policy, "policy.tests.yaml": case}
    found = changes(rules(PLAIN, APPS), compile_rules(texts).with_groups(Groups.of_members({"it": ["ada"]})))
    assert [(each.sign, each.about) for each in found] == [
        ("+", "rule all"), ("-", "rule rest"), ("~", "default"), ("-", "list games"), ("+", "list play"),
        ("+", "groups"), ("+", "group it"), ("+", "case a"),
    ]  # fmt: skip


WHOLE = """
default: {effect: warn, reason: rule-matched, title: Others, notice: {fix: wait, contact: d@example.com}}
rules:
  - {id: whole, title: Whole, when: client.handheld, effect: challenge, reason: kind-refused, share: 12.5%,
     stages: {report_only: 2031-01-01, warn: 2031-01-02, enforce: 2031-01-03}, groups: [sales, pilot], grace: 17d,
     halt_when: {block_rate: 31%, of: requests, at_least: 91, help_requests: 47, within: 43m},
     self_service: {hours: 53, once_per: 59d, reason: optional},
     on_unavailable: allow, notice: {fix: Go and see Grace, contact: c@example.com, send: on_dates}}
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


def in_german(found: tuple[Change, ...]) -> str:
    """All changes as they are said in German."""
    kept = [read_words(json.loads(json.dumps(stored(each.words)))) for each in found]
    assert kept == [each.words for each in found]
    return " ".join(translate(each, GERMAN) for each in kept)


CHESS = "{name: Chess, vendor: Vee, android: [a.n], ios: [i.o], names: [En], extensions: [e.x], publishers: [Pub]}"


def test_each_field_has_its_words() -> None:
    """A field that is added to a model and left out here fails."""
    old, new = rules(PLAIN, APPS), rules(WHOLE, APPS.replace("{name: Chess}", CHESS))
    rule, default = fields_of(new.policy.rules[0]), fields_of(new.policy.default)
    assert (set(rule), set(default)) == (set(names_in(Rule)), set(names_in(Default)))
    assert all(getattr(new.policy.catalog.apps["chess"], each.name) for each in fields(ListedApp))
    found = changes(old, new)
    german = in_german(found)
    assert "1. Jan. 2031, 00:00 Uhr UTC" in german
    kept = [value for name, value in rule.items() if not name.startswith("stages.")]
    unsaid = {value for value in (*kept, *default.values()) if value not in german}
    assert unsaid == {"whole", "challenge"}, "the id is no word, and the effect is said in words"
    of_rule, of_default, of_app = (
        [str(each.words) for each in found if each.about == about]
        for about in ("rule whole", "default", "app chess")
    )
    assert of_rule == [
        "asks for proof from everybody in sales, pilot who meets `client.handheld`, but only 12.5% of them, always the same people; read before `rest`",
        "the title: `Whole`",
        "the reason: `kind-refused`",
        "the day from which it watches: 2031-01-01 00:00 UTC",
        "the day from which it warns: 2031-01-02 00:00 UTC",
        "the day from which it applies: 2031-01-03 00:00 UTC",
        "the grace for new devices: `17d`",
        "the share of refused people or requests at which it stops by itself: `31%`",
        "what that share is counted of: `requests`",
        "how many it must refuse before it stops by itself: `91`",
        "how many people who ask for help make it stop by itself: `47`",
        "the time in which people are counted before it stops by itself: `43m`",
        "for how many hours people may let themselves in: `53`",
        "how long after that they may do it again: `59d`",
        "whether they have to say why: `optional`",
        "what happens if a source is down: `allow`",
        "what people are told to do: `Go and see Grace`",
        "whom people are told to ask: `c@example.com`",
        "whether its notices start by themselves on its dates: `on_dates`",
    ]
    assert of_default == [
        "warns people now; before: blocks",
        "the reason is `rule-matched` now, was `no-rule-matched`",
        "the title is `Others` now, was not given before",
        "what people are told to do is `wait` now, was not given before",
        "whom people are told to ask is `d@example.com` now, was not given before",
    ]
    assert of_app == [
        "the vendor is `Vee` now, was not given before",
        "the packages on Android is `a.n` now, was not given before",
        "the bundles on iOS is `i.o` now, was not given before",
        "the names at sources is `En` now, was not given before",
        "the publishers is `Pub` now, was not given before",
        "the browser extensions is `e.x` now, was not given before",
    ]
    gone = [str(each.words) for each in changes(new, old) if each.about == "rule whole"]
    was = of_rule[0].removesuffix("; read before `rest`").replace("asks", "is gone; it asked")
    assert gone == [was, *of_rule[1:]]
    without = rules(PLAIN, APPS.replace("chess", "go").replace("Chess", "Go"))
    assert [str(each.words) for each in changes(without, new) if each.about == "app chess"] == [
        "Chess is listed; counts from each device's next report",
        *(words.replace(" is `", ": `").removesuffix(" now, was not given before") for words in of_app),
    ]


@pytest.mark.parametrize(
    ("stages", "does"),
    [
        ("report_only: 2026-01-01", "only watches everybody who meets `true`"),
        ("warn: 2026-01-01", "warns everybody who meets `true`"),
        ("warn: 2026-01-01, enforce: 2027-01-01", "blocks everybody who meets `true`"),
    ],
)
def test_a_rule_that_is_never_enforced_is_not_said_to_keep_anybody_out(stages: str, does: str) -> None:
    told_of = told(OLD + f"  - {{id: new, when: 'true', effect: block, stages: {{{stages}}}}}\n")
    assert told_of[0] == f"+ rule new: {does}; read last"
    hidden = "+ rule new: what it would do if it applied: `block`"
    assert (hidden in told_of) is ("blocks" not in does)


@pytest.mark.parametrize("effect", ["allow", "warn", "challenge"])
def test_the_effect_of_a_report_only_rule_is_said(effect: str) -> None:
    rehearsed = f"  - {{id: new, when: 'true', effect: {effect}, stages: {{report_only: 2026-01-01}}}}\n"
    assert told(OLD + rehearsed) == [
        "+ rule new: only watches everybody who meets `true`; read last",
        f"+ rule new: what it would do if it applied: `{effect}`",
        "+ rule new: the day from which it watches: 2026-01-01 00:00 UTC",
    ]


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
def test_the_people_of_a_rule_are_said(given: str, whom: str) -> None:
    new = rules(OLD + f"  - {{id: new, when: 'true', effect: block, {given}}}\n", APPS)
    found = changes(rules(OLD, APPS), new)
    assert f"+ rule new: blocks {whom}; read last" in map(str, found)
    in_german(found)


def test_a_text_in_several_languages_is_described_in_each() -> None:
    found = changes(rules(PLAIN), rules(PLAIN.replace("id: rest", "id: rest, title: {en: Rest, de: Ruhe}")))
    assert [str(each) for each in found] == [
        "~ rule rest: the title (en) is `Rest` now, was not given before",
        "~ rule rest: the title (de) is `Ruhe` now, was not given before",
    ]
    in_german(found)


def test_people_who_join_or_leave_a_group_are_counted() -> None:
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
    in_german(found)


def test_knowing_groups_is_a_change_even_without_members() -> None:
    """A rule for groups is about everybody where no groups are known, and then about nobody."""
    unknown, empty = rules(PLAIN), rules(PLAIN).with_groups(Groups.of_members({"sales": []}))
    for old, new, words in (
        (unknown, empty, "+ groups: groups are known: a rule for groups is about their members alone"),
        (empty, unknown, "- groups: no groups are known: a rule that refuses groups refuses everybody"),
    ):
        found = changes(old, new)
        assert [str(each) for each in found] == [words]
        in_german(found)


def test_a_comma_in_a_name_is_not_taken_for_two_names() -> None:
    one, two = (
        compile_rules(
            {
                "apps.yaml": f"apps: {{chess: {{name: Chess, names: [{names}]}}}}\nlists: {{prohibited: [chess]}}\n",
                "policy.yaml": PLAIN,
            }
        )
        for names in ('"象棋, Mate"', "象棋, Mate")
    )
    found = changes(one, two)
    assert [str(each) for each in found] == [
        '~ app chess: the names at sources is `象棋, Mate` now, was `"象棋, Mate"`'
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("request: {target: /}", "request: {target: /mail}", ["`request.target` is `/mail` now, was `/`"]),
        ("effect: block", "effect: allow", ["`expect.effect` is `allow` now, was `block`"]),
        ("name: phone", "name: phone, certificate: {}", ["asks or expects something else"]),
    ],
)
def test_a_changed_test_case_is_said(old: str, new: str, words: list[str]) -> None:
    case = "tests: [{name: phone, request: {target: /}, expect: {effect: block}}]"
    versions = (
        compile_rules({"apps.yaml": APPS, "policy.yaml": PLAIN, "policy.tests.yaml": text})
        for text in (case, case.replace(old, new))
    )
    found = changes(*versions)
    assert [str(each) for each in found] == [f"~ test case phone: {each}" for each in words]
    in_german(found)


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
    in_german(found)


def test_a_digest_is_of_every_name_and_letter_and_of_no_order() -> None:
    texts = {"policy.yaml": "rules: []\n", "apps.yaml": "apps: {}\n"}
    digest = digest_of_texts(texts)
    assert digest == digest_of_texts(dict(reversed(texts.items())))
    for other in (
        texts | {"policy.yaml": "rules: [] # a comment\n"},
        texts | {"groups.yaml": ""},
        {"policy.yaml": texts["policy.yaml"]},
        {"policy.yml": texts["policy.yaml"], "apps.yaml": texts["apps.yaml"]},
    ):
        assert digest_of_texts(other) != digest


def test_a_digest_is_the_same_in_every_release_since_it_is_computed_again() -> None:
    digest = "b0eef5224b74ffb691f5ad79dd57d22211e8b3be660246856b9a38fcdf8ace0c"
    assert digest_of_texts({"b": "é", "a": ""}) == digest

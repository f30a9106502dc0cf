"""What differs between two policies, in words."""

import pytest
from tests.unit.rollout.examples import rules

from mailgate.console.languages import console_languages
from mailgate.model.phrase import translate
from mailgate.policy.changes import changes, subject_in_words

OLD = """
rules:
  - {id: laptop, when: client.kind == "laptop", effect: allow}
  - {id: app, when: '"prohibited" in device.lists', effect: warn, stages: {warn: 2026-12-01}}
  - {id: rest, when: client.handheld, effect: allow}
"""
APPS = "apps: {tiktok: {name: TikTok}, chess: {name: Chess}}\nlists: {prohibited: [tiktok], games: [chess]}\n"


def told(new: str = OLD, apps: str = APPS) -> list[str]:
    return [str(each) for each in changes(rules(OLD, APPS).policy, rules(new, apps).policy)]


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
        ("name: TikTok", "name: Tick", "~ app tiktok: is recognised or shown in another way"),
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

"""What was done and about what, in words."""

import re
from pathlib import Path

import pytest

import mailgate
from mailgate.console.languages import console_languages
from mailgate.model.phrase import translate
from mailgate.views.audit_words import ACTION_WORDS, act_in_words, thing_in_words

GERMAN = console_languages()["de"]
ACT = re.compile(r'(?:\bact|_act|\bAct)\([^"]*?"([a-z]+(?:-[a-z]+)+)"')


def test_every_act_has_its_words() -> None:
    sources = Path(mailgate.__file__).parent.rglob("*.py")
    written = {code for path in sources for code in ACT.findall(path.read_text("utf-8"))}
    assert len(written) > 15
    assert written - ACTION_WORDS.keys() == set()


def test_an_act_of_another_release_keeps_its_code() -> None:
    assert (act_in_words("exemption-given"), act_in_words("rule-sung")) == ("Exemption given", "rule-sung")


@pytest.mark.parametrize(
    ("about", "german"),
    [
        (f"plan {'a' * 64}", "Plan aaaaaaaaaaaa"),
        ("version 3", "Version 3"),
        ("break-glass 5", "Abschaltung 5"),
        ("settings of gate-1", "settings of gate-1"),
        ("", ""),
    ],
)
def test_what_it_is_about_is_told_in_words_and_short(about: str, german: str) -> None:
    assert translate(thing_in_words(about), GERMAN) == german

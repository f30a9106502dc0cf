"""What a change is about, in words."""

import pytest

from mailgate.console.languages import console_languages
from mailgate.model.phrase import translate
from mailgate.policy.subjects import subject_in_words

GERMAN = console_languages()["de"]


@pytest.mark.parametrize(
    ("about", "german"),
    [
        ("rule no-phones", "Regel no-phones"),
        ("app tiktok", "App tiktok"),
        ("list prohibited", "Liste prohibited"),
        ("default", "default"),
    ],
)
def test_it_is_told_in_any_language(about: str, german: str) -> None:
    assert (subject_in_words(about), translate(subject_in_words(about), GERMAN)) == (about, german)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.pages.negotiate import choose_language

AVAILABLE = {"en": "en", "de": "de", "fr": "fr", "ar": "ar", "zh": "zh-Hans", "zh-hans": "zh-Hans"}


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("de-CH-1996", "de"),
        ("fr;q=0.5, de;q=0.9", "de"),
        ("fr, de", "fr"),
        ("sv, de;q=0.1", "de"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-Hant-TW", "zh-Hans"),
        ("de-x-private", "de"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de-DE, de;q=0", "en"),
        ("de ; q = 0.7 , fr;q=0.6", "de"),
        ("*", "en"),
        ("*, fr;q=0.2", "fr"),
        ("", "en"),
        ("sv", "en"),
        ("de;q=0", "en"),
        # not well-formed: passed over, never guessed at
        ("de;q=2", "en"),
        ("de;q=nan, fr", "fr"),
        ("de_DE, fr", "fr"),
        (";;;,,,q=1, ar", "ar"),
        ("toolonglanguage, fr", "fr"),
        ("dé, fr", "fr"),
        # only so much is read
        ("xx," * 32 + "de", "en"),
        ("x" * 5000 + ",de", "en"),
    ],
)
def test_the_best_available_language_is_chosen(header: str, chosen: str) -> None:
    assert choose_language(header, AVAILABLE, "en") == chosen


@given(st.text(max_size=200))
def test_any_header_gets_an_available_language(header: str) -> None:
    assert choose_language(header, AVAILABLE, "en") in AVAILABLE.values()

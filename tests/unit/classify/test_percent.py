from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.percent import decoded


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x7F)))
def test_escaped_text_is_decoded(text: str) -> None:
    assert decoded(quote(text)) == text
    assert decoded("".join(f"%{ord(letter):02X}" for letter in text)) == text
    assert decoded(text.replace("%", "")) == text.replace("%", "")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("%%2Fdav", "/dav"),
        ("%2%66oo", "foo"),
        ("%5cdav", "\\dav"),
        ("%zz/dav%", "/dav"),
        ("%e4%BD%a0/d%61v", "/dav"),
        ("\xe9/dav", "?/dav"),
        ("\xe9%2Fdav", "?/dav"),
    ],
)
def test_a_word_is_found_beside_what_is_no_escape(text: str, word: str) -> None:
    assert word in decoded(text)
    assert word in unquote(text).replace("\xe9", "?")


@given(st.text(alphabet="%%%=2fF5cC\r\n zx/4_"))
def test_invalid_escapes_stay_and_raise_nothing(text: str) -> None:
    """All but the sign. Each error would be a step of Python, and a request may hold thousands."""
    read = unquote_to_bytes(text).decode("latin-1")
    assert decoded(text).replace("%", "=") == read.replace("%", "=")


@given(st.text(alphabet="%2fF5cCxuU{}N\\/ab4\xe9\ud800"))
def test_no_text_raises(text: str) -> None:
    assert len(decoded(text)) <= len(text)

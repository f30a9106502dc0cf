import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.attest import mint
from mailgate.attest.jose import MalformedJwsError, parse_compact, parse_object

KEY = mint.make_key(b"k" * 32, "k")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":1}', "repeated"),
        (b'{"a":{"b":1,"b":2}}', "repeated"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b"[]", "not a JSON object"),
        (b"1", "not a JSON object"),
        (b"", "Expecting value"),
        (b'{"a":1} {}', "Extra data"),
        (b'\xef\xbb\xbf{"a":1}', "Expecting value"),
        ('{"a":1}'.encode("utf-16"), "wrong encoding"),
        (b'{"a":"\xff"}', "wrong encoding"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":' + b"9" * 5000 + b"}", "not strict JSON"),
    ],
)
def test_an_object_has_one_meaning_or_none(data: bytes, says: str) -> None:
    with pytest.raises(MalformedJwsError, match=says):
        parse_object(data, "payload")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b",
        "e30.e30.a.b",
        "e30.e30.a",
        "e30.e30.AB",
        "e30.e30.AA=",
        "e30 .e30.",
        "e30.e30\n.",
        "e30.e.",
        "é.e30.",
    ],
)
def test_what_is_no_compact_jws(text: str) -> None:
    with pytest.raises(MalformedJwsError):
        parse_compact(text)


def test_a_jws_is_signed_by_its_key_alone() -> None:
    jws = parse_compact(mint.sign_token({"iss": "x"}, KEY))
    assert jws.payload == {"iss": "x"}
    assert jws.is_signed_by(KEY, "ES256")
    assert not jws.is_signed_by(mint.make_key(b"o" * 32, "k"), "ES256")


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_parsing_raises_its_own_error_only(text: str) -> None:
    with contextlib.suppress(MalformedJwsError):
        parse_compact(text)

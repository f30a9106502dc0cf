from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.build_certificate_vectors import cbor

from mailgate.attest.cbor import CborError, read_map

ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=5,
)


def depth(item: object) -> int:
    inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(st.dictionaries(st.text(), ITEMS, max_size=3).filter(lambda told: depth(told) <= 4), st.binary())
def test_a_written_map_is_read_and_the_rest_is_left(told: dict, rest: bytes) -> None:
    assert read_map(cbor(told) + rest) == (told, rest)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "cut off"),
        (b"\x01", "expected a map"),
        (b"\xa1\x61a", "cut off"),
        (b"\xa1\x61a\x42x", "cut off"),
        (b"\xa1\x61a\x18", "cut off, or without a length"),
        (b"\xbf\x61a\x01\xff", "cut off, or without a length"),
        (b"\xbb" + b"\xff" * 8, "cut off"),
        (b"\xa2\x61a\x01\x61a\x02", "expected each name once"),
        (b"\xa2\x61a\x01\x78\x01a\x02", "expected each name once"),
        (b"\xa1\x41a\x01", "expected each name once"),
        (b"\xa1\x61a\xf5", "expected a number, a text, bytes, a list or a map"),
        (b"\xa1\x61a\xc1\x01", "expected a number, a text, bytes, a list or a map"),
        (b"\xa1\x61a" + b"\x81" * 5 + b"\x01", "nested too deeply"),
    ],
)
def test_anything_else_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(CborError, match=f"^{expected}$"):
        read_map(data)


def test_a_text_is_utf_8() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        read_map(b"\xa1\x61a\x61\xff")


@given(st.binary(max_size=60))
def test_nothing_else_is_raised(data: bytes) -> None:
    with suppress(ValueError):
        read_map(data)

"""The three views of the fields of one message."""

from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.http1.fields import Fields
from mailgate.gateway.http1.grammar import members, values


def test_fields_are_pairs_in_their_order() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")])
    assert list(fields) == [(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")]
    assert (len(fields), fields[1], fields[1:]) == (3, (b"Host", b"h"), [(b"Host", b"h"), (b"accept", b"b")])


def test_keys_and_lines_stand_beside_each_other() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b"")])
    assert fields.keys == [b"accept", b"host"]
    assert fields.lines == [b"Accept: a", b"Host: "]


def test_every_value_of_a_name_is_found_whatever_its_case() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")])
    assert (fields.values(b"accept"), fields.values(b"host"), fields.values(b"x")) == (
        [b"a", b"b"],
        [b"h"],
        [],
    )
    assert (fields.first, fields.repeated) == ({b"accept": b"a", b"host": b"h"}, {b"accept": [b"a", b"b"]})


def test_a_value_may_hold_what_looks_like_a_name() -> None:
    assert list(Fields([(b"X", b"a: b")])) == [(b"X", b"a: b")]


def test_fields_equal_a_list_of_the_same_pairs() -> None:
    pairs = [(b"Accept", b"a")]
    assert Fields(pairs) == pairs
    assert Fields(pairs) == Fields(pairs)
    assert Fields(pairs) != [(b"accept", b"a")]
    assert repr(Fields(pairs)) == "Fields([(b'Accept', b'a')])"


NAMES = st.sampled_from([b"a", b"A", b"b", b"Connection", b"connection"])
FIELDS = st.lists(st.tuples(NAMES, st.sampled_from([b"", b"x", b"y, Z", b"close ,x"])), max_size=8)


@given(FIELDS, NAMES.map(bytes.lower))
def test_what_is_found_by_name_is_what_a_look_at_every_field_finds(fields, name) -> None:
    assert values(Fields(fields), name) == values(fields, name)
    assert members(Fields(fields), name) == members(fields, name)
    assert Fields(fields) == fields

"""The fields of one message by their places and by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.http.fields import MAX_ROW, MAX_ROWS, ROWS, Fields, Row
from mailgate.http.grammar import members, values


def test_fields_are_pairs_in_their_order() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")])
    assert list(fields) == [(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")]
    assert (len(fields), fields[1], fields[1:]) == (3, (b"Host", b"h"), [(b"Host", b"h"), (b"accept", b"b")])


def test_lines_stand_beside_the_row_of_their_names() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b""), (b"ACCEPT", b"b")])
    assert fields.lines == (b"Accept: a", b"Host: ", b"ACCEPT: b")
    assert fields.row.names == (b"accept", b"host", b"accept")
    assert fields.row.places == {b"accept": (0, 2), b"host": (1,)}


def test_messages_with_the_same_names_share_a_row_and_its_plan() -> None:
    made: list[Row] = []
    rows = [Fields([(b"Accept", value), (b"Host", b"h")]).row for value in (b"a", b"b")]
    assert rows[0] is rows[1]

    def count(row: Row) -> int:
        made.append(row)
        return len(row.names)

    assert [row[count] for row in rows] == [2, 2]
    assert len(made) == 1


@pytest.mark.parametrize("spelled", [b"accept", b"ACCEPT"])
def test_another_spelling_is_another_row_with_the_same_keys(spelled) -> None:
    usual, other = Row([b"Accept"]), Row([spelled])
    assert (usual.names, usual.places) == (other.names, other.places)


def test_rows_are_few_and_short() -> None:
    """Clients make names up."""
    ROWS.clear()
    for number in range(MAX_ROWS + 1):
        Fields([(b"X-%d" % number, b"")])
    assert len(ROWS) == 1
    fields = Fields([(b"X" * (MAX_ROW + 1), b"1")])
    assert (fields.values(b"x" * (MAX_ROW + 1)), len(ROWS)) == ([b"1"], 1)
    Fields([(b"X" * MAX_ROW, b"1")])
    assert len(ROWS) == 2


def test_every_value_of_a_name_is_found_whatever_its_case() -> None:
    fields = Fields([(b"Accept", b"a"), (b"Host", b"h"), (b"accept", b"b")])
    assert (fields.values(b"accept"), fields.values(b"host"), fields.values(b"x")) == (
        [b"a", b"b"],
        [b"h"],
        [],
    )
    assert (fields.get(b"accept"), fields.get(b"host"), fields.get(b"x"), fields.get(b"x", b"-")) == (
        b"a",
        b"h",
        b"",
        b"-",
    )
    assert [fields.has(name) for name in (b"accept", b"host", b"x")] == [True, True, False]
    assert [fields.repeats(name) for name in (b"accept", b"host", b"x")] == [True, False, False]


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
def test_a_lookup_by_name_finds_what_a_search_finds(fields, name) -> None:
    assert values(Fields(fields), name) == values(fields, name)
    assert members(Fields(fields), name) == members(fields, name)
    assert Fields(fields) == fields

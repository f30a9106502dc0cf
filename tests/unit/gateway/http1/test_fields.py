"""Fields that are read once: found by name, and worked out once."""

from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.http1.fields import Fields, once
from mailgate.gateway.http1.grammar import members, values

NAMES = st.sampled_from([b"a", b"A", b"b", b"Connection", b"connection"])
FIELDS = st.lists(st.tuples(NAMES, st.sampled_from([b"", b"x", b"y, Z", b"close ,x"])), max_size=8)


@given(FIELDS, NAMES.map(bytes.lower))
def test_an_index_finds_what_a_look_at_every_field_finds(fields, name):
    assert values(Fields(fields), name) == values(fields, name)
    assert members(Fields(fields), name) == members(fields, name)
    assert Fields(fields) == fields


def test_what_follows_from_fields_is_worked_out_once():
    calls = []

    @once
    def count(fields):
        calls.append(len(fields))
        return len(fields)

    fields = Fields([(b"a", b"b")])
    assert [count(fields), count(fields), count(Fields()), count([(b"a", b"b")] * 2)] == [1, 1, 0, 2]
    assert calls == [1, 0, 2]


def test_a_mistake_is_made_each_time():
    @once
    def fail(fields):
        raise ValueError

    fields, failed = Fields(), 0
    for _ in range(2):
        try:
            fail(fields)
        except ValueError:
            failed += 1
    assert failed == 2

"""People in cells, counted as sets would."""

from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from mailgate.policy.simulate.people_count import PeopleCount

entries = st.lists(st.tuples(st.text(max_size=2), st.sets(st.integers(0, 3), min_size=1)), max_size=40)


def crowd(rows: list[tuple[str, set[int]]]) -> PeopleCount:
    made = PeopleCount()
    for name, cells in rows:
        made.add(name, cells)
    return made


@given(entries, entries)
def test_each_name_counts_once_in_each_cell_also_after_a_merge(
    rows: list[tuple[str, set[int]]], others: list[tuple[str, set[int]]]
) -> None:
    both = crowd(rows)
    both.merge(crowd(others))
    sets: dict[Hashable, set[str]] = {}
    for name, cells in [*rows, *others]:
        for cell in cells:
            sets.setdefault(cell, set()).add(name)
    assert len(both) == len({name for name, _ in [*rows, *others]})
    assert {cell: both.count(cell) for cell in range(5)} == {
        cell: len(sets.get(cell, ())) for cell in range(5)
    }


def test_many_names_take_little_room() -> None:
    made = PeopleCount()
    for number in range(20_000):
        made.add(str(number), ["all"])
    made.merge(made)
    assert made.count("all") == 20_000
    assert len(made._cells["all"]) < 4_000


def test_names_of_one_person_count_once() -> None:
    count = PeopleCount()
    for name in ("ada", "ADA", "Lin", "LIN", "grace"):
        count.add(name, [("known",)] if name != "grace" else [])
    count.add("GRACE", [("known",)])
    assert count.count_once(("known",), str.lower) == 3
    assert count.count_once(("none",), str.lower) == 0

"""A ratio is the median of the ratios of single rounds, and is held against its target."""

from typing import Any

import pytest
from benchmarks.report import CPU, RATE, Figure, between, rows, values_of

GATE, NGINX = ("mixed", "gate"), ("mixed", "nginx")


def found(gate: list[float], nginx: list[float]) -> dict[str, Any]:
    """A run whose rates and processor times are alike."""
    cells = {"gate": gate, "nginx": nginx}
    mixed = {
        name: [{RATE: each, CPU: each, "load_us": 0.0} for each in values] for name, values in cells.items()
    }
    return {"mixes": {"mixed": mixed}, "transfers": {}}


def test_each_round_is_compared_with_itself() -> None:
    quiet_and_busy = found([700.0, 70.0, 720.0], [1000.0, 100.0, 900.0])
    assert values_of(Figure("", RATE, GATE, NGINX), quiet_and_busy) == pytest.approx([0.7, 0.7, 0.8])


def test_a_figure_of_one_cell_has_one_value_a_round() -> None:
    assert values_of(Figure("", CPU, GATE), found([70.0, 90.0], [])) == [70.0, 90.0]


@pytest.mark.parametrize(
    ("gate", "title", "value", "spread", "target"),
    [
        ([0.7, 0.7, 0.9], "mixed: gate / nginx", "0.70", "0.70–0.90", "≥ 0.70"),
        ([0.6, 0.69, 0.9], "mixed: gate / nginx", "0.69", "0.60–0.90", "≥ 0.70 ✗"),
        ([2.0, 2.2, 2.9], "mixed, processor time: gate / nginx", "2.20", "2.00–2.90", "≤ 2.20"),
        ([2.0, 2.3, 2.9], "mixed, processor time: gate / nginx", "2.30", "2.00–2.90", "≤ 2.20 ✗"),
    ],
)
def test_the_median_is_held_against_the_target(
    gate: list[float], title: str, value: str, spread: str, target: str
) -> None:
    assert (title, value, spread, target) in rows(found(gate, [1.0, 1.0, 1.0]))


def test_a_figure_without_measurements_has_no_row() -> None:
    assert [*rows(found([1.0], []))] == []


def test_a_part_of_a_page_is_replaced() -> None:
    assert between("a <b> old <e> c", "<b>", "<e>", "new") == "a <b>\n\nnew\n\n<e> c"
    with pytest.raises(ValueError, match="no part from"):
        between("a <e> <b>", "<b>", "<e>", "new")

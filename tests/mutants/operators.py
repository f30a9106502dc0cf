"""Two kinds of faults that cosmic-ray does not make: a row that a table lacks, and a statement that is left out."""

from collections.abc import Iterator, Sequence
from typing import Any

from cosmic_ray.operators.operator import Operator

Span = tuple[tuple[int, int], tuple[int, int]]


class DropRow(Operator):
    """Leave out one element of a tuple, a list, a set or a dictionary that is written out."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        for row in _rows(node):
            yield row[0].start_pos, row[-1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        row = _rows(node)[index]
        after = node.children.index(row[-1]) + 1
        comma = node.children[after : after + 1]
        node.children = [each for each in node.children if each not in [*row, *comma]]
        if node.type == "testlist_comp" and len(node.children) == 1:
            node.children += comma  # what has one element and no comma is no tuple
        return node

    @classmethod
    def examples(cls) -> Sequence[Any]:
        return ()


class DropStatement(Operator):
    """Put ``pass`` in the place of a call, an assertion, a ``raise`` or a ``return``."""

    LEFT_OUT = ("atom_expr", "assert_stmt", "raise_stmt", "return_stmt", "await")

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if node.type == "simple_stmt" and node.children[0].type in self.LEFT_OUT:
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        left_out = node.children[0]
        kept = type(node.children[-1])("pass", left_out.start_pos, left_out.get_first_leaf().prefix)
        node.children = [kept, *node.children[1:]]
        return node

    @classmethod
    def examples(cls) -> Sequence[Any]:
        return ()


def _rows(node: Any) -> list[list[Any]]:
    """The nodes of each element: one, or three for a key with its value."""
    if (
        node.type not in ("testlist_comp", "dictorsetmaker")
        or node.parent is None
        or node.parent.type != "atom"
    ):
        return []
    rows: list[list[Any]] = [[]]
    for child in node.children:
        if child.type in ("sync_comp_for", "comp_for"):
            return []
        if child.type == "operator" and child.value == ",":
            rows.append([])
        else:
            rows[-1].append(child)
    found = [row for row in rows if row]
    return found if len(found) > 1 or len(rows) > 1 or node.type == "dictorsetmaker" else []

"""The tree of a condition, as the runtime's serialised form has it."""

import pytest

from mailgate.policy.syntax_tree import Node, read_tree, walk
from mailgate.policy.variables import ENVIRONMENT


def tree(text: str, checked: bool) -> Node:
    return read_tree(ENVIRONMENT.compile(text, disable_check=not checked).serialize(), checked=checked)


RESULT = ("name", "@result", 18)


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("true", [("constant", "", 0)]),
        ('client.kind == "é" && "x" in device.apps', [
            ("call", "_&&_", 19), ("call", "_==_", 12), ("name", "client.kind", 0), ("constant", "é", 15),
            ("call", "@in", 26), ("constant", "x", 22), ("name", "device.apps", 29),
        ]),
        ("[1, 2u, -3, 1.5, b'x', null][0]", [
            ("call", "_[_]", 28), ("list", "", 0), ("constant", "", 1), ("constant", "", 4), ("constant", "", 8),
            ("constant", "", 12), ("constant", "", 17), ("constant", "", 23), ("constant", "", 29),
        ]),
        ("has({'a': 'b'}.a)", [("other", "a", 3), ("other", "", 4), ("constant", "a", 5), ("constant", "b", 10)]),
        ("dyn({}).a.b", [("other", "b", 9), ("other", "a", 7), ("call", "dyn", 3), ("other", "", 4)]),
        ("google.protobuf.Duration{seconds: 3}", [("other", "google.protobuf.Duration", 0), ("constant", "", 34)]),
        ("user.groups.exists(a, a == 'x')", [
            ("other", "a", 18), ("name", "user.groups", 0), ("constant", "", 18),
            ("call", "@not_strictly_false", 18), ("call", "!_", 18), RESULT,
            ("call", "_||_", 18), RESULT, ("call", "_==_", 24), ("name", "a", 22), ("constant", "x", 27), RESULT,
        ]),
    ],
)  # fmt: skip
def test_every_node_has_its_kind_name_and_place(
    text: str, nodes: list[tuple[str, str, int]], checked: bool
) -> None:
    def kind(node: Node) -> str:
        names = {
            node.is_constant: "constant",
            node.is_list: "list",
            node.is_name: "name",
            node.is_call: "call",
        }
        return names.get(True, "other")

    found = [(kind(node), node.name or node.text or "", node.offset) for node in walk(tree(text, checked))]
    assert found == nodes


@pytest.mark.parametrize(
    "text",
    [
        "[1].all(a, a == 1) && [1].exists_one(a, a == 2)",
        "user.groups.map(g, g + 'x').filter(g, g != '') == [].map(g, g > 1, 'x')",
        "now.getHours('Europe/Berlin') > 5 ? client.handheld : !client.handheld",
    ],
)
def test_the_type_check_makes_no_other_tree(text: str) -> None:
    assert tree(text, True) == tree(text, False)


def test_only_a_text_has_a_text_and_only_a_loop_has_a_variable() -> None:
    root = tree("[''].all(a, b'x' == b'y')", True)
    assert root.scope == ("a", root.children[0])
    listed, *others = root.children
    assert [node.text for node in walk(listed)] == [None, ""]
    assert {node.text for other in others for node in walk(other)} == {None}
    assert {node.scope for child in root.children for node in walk(child)} == {None}


@pytest.mark.parametrize("offset", [0, 1, 126, 127, 128, 129, 255, 4000])
def test_numbers_of_every_length_are_read(offset: int) -> None:
    root = tree(f"{' ' * offset}'{'x' * offset}'", True)
    assert (root.offset, root.text) == (offset, "x" * offset)

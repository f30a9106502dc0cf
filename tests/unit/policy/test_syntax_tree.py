"""The tree of a condition, as the runtime's serialised form has it."""

import pytest

from mailgate.policy.syntax_tree import Node, literals_of, misspelt, only_compared, read_tree, walk
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


CLOSED = {
    "client.kind": ("laptop", "phone"),
    "device.apps": ("tiktok", "wechat"),
    "client.form": ("phone", ""),
}


def closed_sets_tree(text: str, checked: bool = True) -> Node:
    return read_tree(ENVIRONMENT.compile(text, disable_check=not checked).serialize(), checked=checked)


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ('client.kind == "laptop"', []),
        ('client.kind == "labtop"', [15]),
        ('"labtop" != client.kind', [0]),
        ('client.kind in ["labtop", "phone", "fone"]', [16, 35]),
        ('"tiktokk" in device.apps', [0]),
        ('device.apps == ["tiktokk"]', [16]),
        ('device.apps.exists(app, app == "tiktokk")', [31]),
        ('device.apps.exists(app, app in ["tiktok", "x"])', [42]),
        ('["phone", "fone"].exists(kind, kind == client.kind)', [10]),
        ('device.apps.exists(a, device.apps.all(b, b != "x" && a == "y"))', [46, 58]),
        ('client.kind == (client.handheld ? "phone" : "labtop")', [44]),
        ('device.apps.exists(a, [a].exists(b, b == "x"))', [41]),
        ('device.apps.exists(b, [b].exists(a, a == "x"))', [41]),
        ('device.apps[0] == "x"', [18]),
        ('{"a": "x"}[client.kind] == "x"', []),
        ('client.kind == ["labtop"].map(x, "phone")[0]', []),
        ('client.kind in (["x"] + ["phone"])', [17]),
        ('client.form == ""', []),
        ('client.os == "plan9"', []),
        ('client.kind == "lap" + "top"', []),
        ('client.kind.startsWith("lap")', []),
        ('user.groups.exists(client, client == "x")', []),
    ],
)
def test_impossible_words_are_found_with_their_place(text: str, offsets: list[int]) -> None:
    assert sorted(offset for offset, _ in misspelt(closed_sets_tree(text), CLOSED)) == offsets


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('client.kind == "labtop"', ['`client.kind` is never "labtop"; did you mean `laptop`? use one of `laptop`, `phone`']),
        ('client.form == "tv"', ['`client.form` is never "tv"; use one of `phone`']),
        ('user.name == "Ada"', ['`user.name` is always in lower case; use "ada"']),
        ('user.name == "ada" || client.browser == "Safari" || client.os in ["IOS"]', []),
        ('zone.name == "Berlin"', []),  # the name of nothing is a mistake of its own
    ],
)  # fmt: skip
def test_the_message_names_what_is_expected(text: str, messages: list[str]) -> None:
    assert [message for _, message in misspelt(closed_sets_tree(text, checked=False), CLOSED)] == messages


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ('client.kind == "x" || client.kind in ["y", "z"] || device.known', {"client.kind": {"x", "y", "z"}}),
        ('client.os == "x"', {"client.os": {"x"}}),
        ('(device.known ? client.kind : client.os) == "x"', {"client.kind": {"x"}, "client.os": {"x"}}),
        ('client.kind == client.os && client.kind.startsWith("x")', {}),
    ],
)
def test_literals_are_found_for_each_variable(text: str, literals: dict[str, set[str]]) -> None:
    variables = ("client.kind", "client.os", "device.known")
    assert literals_of(closed_sets_tree(text), variables) == {
        name: literals.get(name, set()) for name in variables
    }


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ('client.os == "ios" || "pixel" != client.model', {"client.os", "client.model"}),
        ('client.os in ["ios", "android"] && "x" in user.groups', {"client.os", "user.groups"}),
        ('client.os == "ios" && client.os.startsWith("i")', set()),
        ('client.os in ["ios", client.model]', set()),
        ('client.os == client.model || client.os == "i" + "os"', set()),
        ('user.groups == ["x"]', set()),
        ('["x"] != user.groups', set()),
        ('user.groups.exists(group, group == "x") && !client.handheld', set()),
    ],
)
def test_a_variable_is_only_compared_if_nothing_else_is_done_with_it(text: str, compared: set[str]) -> None:
    variables = {node.name for node in walk(closed_sets_tree(text)) if node.is_name and "." in node.name}
    assert only_compared(closed_sets_tree(text), variables) == compared


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ('"x" in device.apps', {"x"}),
        ('!("x" in device.apps)', set()),
        ('!!("x" in device.apps)', {"x"}),
        ('"y" in device.apps || !("x" in device.apps)', {"y"}),
        ('"x" in device.apps || !("x" in device.apps)', {"x"}),
        ('device.apps.all(app, app != "x")', set()),
        ('!device.apps.exists(app, app == "x")', set()),
        ('!device.apps.all(app, app != "x")', {"x"}),
    ],
)
def test_a_word_whose_absence_is_asked_for_is_not_sought(text: str, sought: set[str]) -> None:
    assert literals_of(closed_sets_tree(text), ["device.apps"], sought=True) == {"device.apps": sought}
    assert literals_of(closed_sets_tree(text), ["device.apps"])["device.apps"] >= {"x"}

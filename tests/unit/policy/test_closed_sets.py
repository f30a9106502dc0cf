import pytest

from mailgate.policy.closed_sets import literals_of, misspelt, only_compared
from mailgate.policy.syntax_tree import Node, read_tree, walk
from mailgate.policy.variables import ENVIRONMENT

CLOSED = {
    "client.kind": ("laptop", "phone"),
    "device.apps": ("tiktok", "wechat"),
    "client.form": ("phone", ""),
}


def tree(text: str, checked: bool = True) -> Node:
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
    assert sorted(offset for offset, _ in misspelt(tree(text), CLOSED)) == offsets


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('client.kind == "labtop"', ['`client.kind` is never "labtop"; did you mean `laptop`? expected one of `laptop`, `phone`']),
        ('client.form == "tv"', ['`client.form` is never "tv"; expected one of `phone`']),
        ('user.name == "Ada"', ['`user.name` is always in lower case; expected "ada"']),
        ('user.name == "ada" || client.browser == "Safari" || client.os in ["IOS"]', []),
        ('zone.name == "Berlin"', []),  # the name of nothing is a mistake of its own
    ],
)  # fmt: skip
def test_the_message_names_what_is_expected(text: str, messages: list[str]) -> None:
    assert [message for _, message in misspelt(tree(text, checked=False), CLOSED)] == messages


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
    assert literals_of(tree(text), variables) == {name: literals.get(name, set()) for name in variables}


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
    variables = {node.name for node in walk(tree(text)) if node.is_name and "." in node.name}
    assert only_compared(tree(text), variables) == compared


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
    assert literals_of(tree(text), ["device.apps"], sought=True) == {"device.apps": sought}
    assert literals_of(tree(text), ["device.apps"])["device.apps"] >= {"x"}

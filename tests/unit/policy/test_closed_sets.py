import pytest

from mailgate.policy.closed_sets import literals_of, misspelt
from mailgate.policy.syntax_tree import Node, read_tree
from mailgate.policy.variables import ENVIRONMENT

CLOSED = {
    "client.kind": ("laptop", "phone"),
    "device.apps": ("tiktok", "wechat"),
    "client.form": ("phone", ""),
}


def tree(text: str) -> Node:
    return read_tree(ENVIRONMENT.compile(text).serialize(), checked=True)


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
        ('device.apps[0] == "x"', [18]),
        ('client.kind in (["x"] + ["phone"])', [17]),
        ('client.form == ""', []),
        ('client.os == "plan9"', []),
        ('client.kind == "lap" + "top"', []),
        ('client.kind.startsWith("lap")', []),
        ('user.groups.exists(client, client == "x")', []),
    ],
)
def test_words_that_a_variable_can_never_have(text: str, offsets: list[int]) -> None:
    assert sorted(offset for offset, _ in misspelt(tree(text), CLOSED)) == offsets


def test_the_message_names_what_is_allowed() -> None:
    [(_, message)] = misspelt(tree('client.kind == "labtop"'), CLOSED)
    assert (
        message == '`client.kind` is never "labtop"; did you mean `laptop`? expected one of `laptop`, `phone`'
    )


def test_literals_by_variable() -> None:
    text = 'client.kind == "x" || client.kind in ["y", "z"] || device.known'
    assert literals_of(tree(text), ["client.kind", "device.known"]) == {
        "client.kind": {"x", "y", "z"},
        "device.known": frozenset(),
    }


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

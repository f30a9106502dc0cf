import pytest

from mailgate.policy.syntax_tree import read_tree, walk
from mailgate.policy.variables import ENVIRONMENT


@pytest.mark.parametrize("checked", [True, False])
def test_names_constants_and_their_places(checked: bool) -> None:
    text = 'client.kind == "phone" && "é" in device.apps'
    program = ENVIRONMENT.compile(text, disable_check=not checked)
    nodes = list(walk(read_tree(program.serialize(), checked=checked)))
    assert [(node.name, node.offset) for node in nodes if node.is_name] == [
        ("client.kind", 0),
        ("device.apps", 33),
    ]
    assert [(node.text, node.offset) for node in nodes if node.text] == [("phone", 15), ("é", 26)]
    assert [node.name for node in nodes if node.is_call] == ["_&&_", "_==_", "@in"]


@pytest.mark.parametrize(
    "text",
    [
        "device.apps.exists(a, a == 'x')",
        "{'a': [1, 2u, -3, 1.5, b'x', null, true]}.size() == 1",
        "user.groups.map(g, g + 'x').filter(g, g != '') == [] || device.age > duration('1h')",
        "now.getHours('Europe/Berlin') > 5 ? client.handheld : !client.handheld",
    ],
)
def test_every_kind_of_expression_is_read(text: str) -> None:
    assert len(list(walk(read_tree(ENVIRONMENT.compile(text).serialize(), checked=True)))) > 3

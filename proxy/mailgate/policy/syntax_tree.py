"""Reads the syntax tree of a CEL expression from the runtime's serialised form.

The runtime exposes no tree, but ``Expression.serialize()`` is a ``cel.expr.CheckedExpr`` (without the type check: a
``ParsedExpr``) in protocol buffer encoding (cel-spec, ``proto/cel/expr/checked.proto`` and ``syntax.proto``; the field
numbers below are theirs).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# inside google.protobuf.Any: the tree and its positions in CheckedExpr and in ParsedExpr
_ANY_VALUE = 2
_CHECKED, _PARSED = (4, 5), (2, 3)
_POSITIONS = 4
# Expr
_ID, _CONST, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _COMPREHENSION = range(2, 10)
_CONST_STRING = 6


@dataclass(frozen=True, slots=True)
class Node:
    """One node: ``name`` is an identifier, a function or a field; ``text`` is the value of a string constant."""

    kind: int
    offset: int
    """The offset of the node in the expression, in characters from 0."""
    name: str = ""
    text: str | None = None
    children: tuple["Node", ...] = ()
    scope: "tuple[str, Node] | None" = field(default=None)
    """For a comprehension: its variable and the range that the variable runs over."""

    @property
    def is_constant(self) -> bool:
        return self.kind == _CONST

    @property
    def is_list(self) -> bool:
        return self.kind == _LIST

    @property
    def is_name(self) -> bool:
        return self.kind == _IDENT

    @property
    def is_call(self) -> bool:
        return self.kind == _CALL


def read_tree(serialised: bytes, *, checked: bool) -> Node:
    """The root of the tree of one expression. ``checked``: whether it was compiled with the type check."""
    tree, source_info = _CHECKED if checked else _PARSED
    parts = dict(_fields(_one(serialised, _ANY_VALUE)))
    positions = {}
    for number, entry in _fields(_bytes(parts[source_info])):
        if number == _POSITIONS:
            pair = dict(_fields(_bytes(entry)))
            positions[pair.get(1, 0)] = pair.get(2, 0)
    return _node(_bytes(parts[tree]), positions)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first."""
    yield node
    for child in node.children:
        yield from walk(child)


def _node(data: bytes, positions: dict[int | bytes, int | bytes]) -> Node:
    offset, kind, body = 0, 0, b""
    for number, value in _fields(data):
        if number == _ID:
            offset = int(positions.get(value, 0))
        else:
            kind, body = number, _bytes(value)
    parts = list(_fields(body))
    if kind == _CONST:
        text = next((_bytes(value).decode() for number, value in parts if number == _CONST_STRING), None)
        return Node(kind, offset, text=text)
    names, below = _SHAPES[kind]
    name = next((_bytes(value).decode() for number, value in parts if number == names), "")
    if kind == _IDENT:  # the type check makes one name of `client.kind`, placed at its last dot
        offset -= len(name.rpartition(".")[0])
    if kind == _STRUCT:
        parts = [part for number, entry in parts if number == 2 for part in _fields(_bytes(entry))]
    children = tuple(_node(_bytes(value), positions) for number, value in parts if number in below)
    if kind == _SELECT and children and children[0].is_name:  # without the type check it is two
        return Node(_IDENT, children[0].offset, f"{children[0].name}.{name}")
    scope = (name, children[0]) if kind == _COMPREHENSION else None
    return Node(kind, offset, name, None, children, scope)


# For each kind: the number of the field that names it, and those that hold nodes, in the order of the encoding.
_SHAPES: dict[int, tuple[int, tuple[int, ...]]] = {
    _IDENT: (1, ()),
    _SELECT: (2, (1,)),
    _CALL: (2, (1, 3)),
    _LIST: (0, (1,)),
    _STRUCT: (1, (3, 4)),
    _COMPREHENSION: (1, (2, 4, 5, 6, 7)),
}


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire]
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _one(data: bytes, wanted: int) -> bytes:
    return next(_bytes(value) for number, value in _fields(data) if number == wanted)


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value

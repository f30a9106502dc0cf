"""Reads the syntax tree of a CEL expression from the runtime's serialised form, and what the expression compares.

The runtime exposes no tree, but ``Expression.serialize()`` is a ``cel.expr.CheckedExpr`` (without the type check: a
``ParsedExpr``) in protocol buffer encoding (cel-spec, ``proto/cel/expr/checked.proto`` and ``syntax.proto``; the field
numbers below are theirs).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailgate.model.phrase import did_you_mean, phrase
from mailgate.policy.people import user_text

_VARINT, _FIXED64, _BYTES = 0, 1, 2

# inside google.protobuf.Any: the tree and its positions in CheckedExpr and in ParsedExpr
_ANY_VALUE = 2
_CHECKED, _PARSED = (4, 5), (2, 3)
_POSITIONS = 4
# Expr
_ID, _CONST, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _COMPREHENSION = range(2, 10)


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
    parts = dict(_fields(dict(_fields(serialised))[_ANY_VALUE]))
    entries = (entry for number, entry in _fields(parts[source_info]) if number == _POSITIONS)
    pairs = (dict(_fields(entry)) for entry in entries)
    return _node(parts[tree], {pair[1]: pair.get(2, 0) for pair in pairs})


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first."""
    yield node
    for child in node.children:
        yield from walk(child)


class _Shape(NamedTuple):
    """The numbers of the fields that have the name, the text and the nodes below, in the order of the encoding."""

    name: int | None = None
    text: int | None = None
    below: tuple[int, ...] = ()


_SHAPES = {
    _CONST: _Shape(text=6),
    _IDENT: _Shape(1),
    _SELECT: _Shape(2, below=(1,)),
    _CALL: _Shape(2, below=(1, 3)),
    _LIST: _Shape(below=(1,)),
    _STRUCT: _Shape(1, below=(3, 4)),
    _COMPREHENSION: _Shape(1, below=(2, 4, 5, 6, 7)),
}


def _node(data: bytes, positions: Mapping[int, int]) -> Node:
    fields = dict(_fields(data))
    offset = positions[fields.pop(_ID)]
    [(kind, body)] = fields.items()
    shape, parts = _SHAPES[kind], list(_fields(body))
    name = _text(parts, shape.name) or ""
    if kind == _STRUCT:
        parts = [part for number, entry in parts if number == 2 for part in _fields(entry)]
    children = tuple(_node(value, positions) for number, value in parts if number in shape.below)
    if kind == _SELECT:
        [operand] = children
        if operand.is_name:  # without the type check `client.kind` is two
            return Node(_IDENT, operand.offset, f"{operand.name}.{name}")
    if kind == _IDENT:  # with the type check it is one, placed at its last dot
        offset -= len(name.rpartition(".")[0])
    scope = (name, children[0]) if kind == _COMPREHENSION else None
    return Node(kind, offset, name, _text(parts, shape.text), children, scope)


def _text(parts: Iterable[tuple[int, Any]], wanted: int | None) -> str | None:
    return next((value.decode() for number, value in parts if number == wanted), None)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field with its number: an integer, or bytes that are a text or another message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        size, at = _varint(data, at) if wire == _BYTES else ({_FIXED64: 8}[wire], at)
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


_LOGIN = "user.name"
_IN = "@in"
_UNEQUAL, _NOT = "_!=_", "!_"
_COMPARE = frozenset({"_==_", _UNEQUAL, _IN})
_JOIN = "_+_"
_GIVING = {"_?_:_": slice(1, None), "_[_]": slice(1)}
"""Operators whose value is that of some of their operands, or of an element of it."""

_Scope = Mapping[str, Node]


class _Compared(NamedTuple):
    """A variable and a string constant that are compared."""

    variable: str
    word: str
    offset: int
    has_it: bool
    """Whether it helps the condition to hold if the variable has the word."""


def misspelt(tree: Node, closed: Mapping[str, Iterable[str]]) -> Iterator[tuple[int, str]]:
    """The offset and the message of each word that its variable can never have: ``client.kind == "labtop"`` is well typed, and its rule
    would silently never match."""
    for each in _compared(tree, {}):
        allowed = closed.get(each.variable)
        if allowed is not None and each.word not in allowed:
            yield (
                each.offset,
                phrase(
                    "`%(variable)s` is never %(word)s; %(expected)s",
                    variable=each.variable,
                    word=json.dumps(each.word),
                    expected=did_you_mean(each.word, filter(None, allowed)),
                ),
            )
        if each.variable == _LOGIN and each.word != user_text(each.word):
            yield (
                each.offset,
                phrase(
                    "`%(variable)s` is always in lower case; use %(wanted)s",
                    variable=each.variable,
                    wanted=json.dumps(user_text(each.word)),
                ),
            )


def literals_of(
    tree: Node, variables: Iterable[str], *, sought: bool = False
) -> Mapping[str, frozenset[str]]:
    """The words that each variable is compared with. ``sought``: without those that are only compared to find that the
    variable has another value, as in ``!("antivirus" in device.apps)``."""
    found = [each for each in _compared(tree, {}) if each.has_it or not sought]
    return {name: frozenset(each.word for each in found if each.variable == name) for name in variables}


def only_compared(tree: Node, variables: Iterable[str]) -> frozenset[str]:
    """Those variables of which the tree reads nothing but whether they are, or have, a literal word."""
    found = Counter(node.name for node in walk(tree) if node.is_name)
    compared = Counter(name for node in walk(tree) for name in _directly_compared(node))
    return frozenset(variables) - (found - compared).keys()


def _directly_compared(node: Node) -> Iterator[str]:
    if node.name not in _COMPARE:
        return
    left, right = node.children
    for one, other in ((left, right), (right, left)):
        words = other.children if other.is_list and node.name == _IN else (other,)
        if one.is_name and all(word.text is not None for word in words):
            yield one.name


def _compared(node: Node, scope: _Scope, *, has_it: bool = True) -> Iterator[_Compared]:
    if node.name in _COMPARE:
        left, right = node.children
        wanted = has_it is not (node.name == _UNEQUAL)
        for one, other in ((left, right), (right, left)):
            for variable in _leaves(one, scope):
                for word in _leaves(other, scope):
                    if variable.is_name and word.text is not None:
                        yield _Compared(variable.name, word.text, word.offset, wanted)
    inner = {**scope, node.scope[0]: node.scope[1]} if node.scope else scope
    below = has_it is not (node.name == _NOT)
    for child in node.children:
        yield from _compared(child, inner, has_it=below)


def _leaves(node: Node, scope: _Scope) -> Iterator[Node]:
    """The names and constants that may give the value of a node or of one of its elements."""
    if node.is_name and node.name in scope:
        outer = {name: bound for name, bound in scope.items() if name != node.name}
        yield from _leaves(scope[node.name], outer)
    elif node.is_name or node.is_constant:
        yield node
    elif node.is_list or (node.name == _JOIN and any(child.is_list for child in node.children)):
        for child in node.children:
            yield from _leaves(child, scope)
    elif node.name in _GIVING:
        for child in node.children[_GIVING[node.name]]:
            yield from _leaves(child, scope)

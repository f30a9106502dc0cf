"""Finds words in a condition that its variable can never have.

``client.kind == "labtop"`` is well typed and never true, so its rule would silently never match. For a variable with a
closed set of values, such a word is a mistake.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mailgate.model.phrase import phrase
from mailgate.policy.login_names import user_text
from mailgate.policy.spelling import did_you_mean
from mailgate.policy.syntax_tree import Node, walk

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
    """The offset and the message of each word that its variable can never have."""
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
                    "`%(variable)s` is always in lower case; expected %(wanted)s",
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
    """Every variable and string constant that are compared."""
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

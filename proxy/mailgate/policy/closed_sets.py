"""Finds words in a condition that its variable can never have.

``client.kind == "labtop"`` is well typed and never true, so its rule would silently never match. For a variable with a
closed set of values, such a word is a mistake.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mailgate.model.phrase import phrase
from mailgate.policy.login_names import user_text
from mailgate.policy.spelling import did_you_mean
from mailgate.policy.syntax_tree import Node, walk

_LOGIN = "user.name"
_IN = "@in"
_UNEQUAL, _NOT = "_!=_", "!_"
_COMPARE = frozenset({"_==_", _UNEQUAL, _IN})
_CHOICE, _INDEX, _JOIN = "_?_:_", "_[_]", "_+_"

_Scope = Mapping[str, Node]


def misspelt(tree: Node, closed: Mapping[str, Iterable[str]]) -> Iterator[tuple[int, str]]:
    """The offset and the message of each word that its variable can never have."""
    for variable, word, _ in _compared(tree, {}):
        allowed = closed.get(variable)
        if allowed is not None and word.text is not None and word.text not in allowed:
            shown = [each for each in allowed if each]
            yield (
                word.offset,
                phrase(
                    "`%(variable)s` is never %(word)s; %(expected)s",
                    variable=variable,
                    word=json.dumps(word.text),
                    expected=did_you_mean(word.text, shown),
                ),
            )
        if variable == _LOGIN and word.text is not None and word.text != user_text(word.text):
            wanted = json.dumps(user_text(word.text))
            yield (
                word.offset,
                phrase(
                    "`%(variable)s` is always in lower case; expected %(wanted)s",
                    variable=variable,
                    wanted=wanted,
                ),
            )


def literals_of(
    tree: Node, variables: Iterable[str], *, sought: bool = False
) -> Mapping[str, frozenset[str]]:
    """The words that each variable is compared with. ``sought``: without those that are only compared to find that the
    variable has another value, as in ``!("antivirus" in device.apps)``."""
    pairs = [
        (variable, word.text)
        for variable, word, has_it in _compared(tree, {})
        if word.text is not None and (has_it or not sought)
    ]
    return {name: frozenset(word for variable, word in pairs if variable == name) for name in variables}


def only_compared(tree: Node, variables: Iterable[str]) -> frozenset[str]:
    """Those variables of which the tree reads nothing but whether they are, or have, a literal word."""
    found = Counter(node.name for node in walk(tree) if node.is_name)
    compared = Counter(name for node in walk(tree) for name in _directly_compared(node))
    return frozenset(name for name in variables if found[name] == compared[name])


def _directly_compared(node: Node) -> Iterator[str]:
    if not (node.is_call and node.name in _COMPARE):
        return
    left, right = node.children
    for one, other in ((left, right), (right, left)):
        words = other.children if other.is_list and node.name == _IN and one is left else (other,)
        if one.is_name and all(word.text is not None for word in words):
            yield one.name


def _compared(node: Node, scope: _Scope, *, has_it: bool = True) -> Iterator[tuple[str, Node, bool]]:
    """Every pair of a variable and a string constant that are compared, and whether that helps the condition to hold if the
    variable has it."""
    if node.is_call and node.name in _COMPARE:
        left, right = node.children
        for one, other in ((left, right), (right, left)):
            for variable in _variables(one, scope):
                yield from (
                    (variable, word, has_it is not (node.name == _UNEQUAL)) for word in _words(other, scope)
                )
    inner = {**scope, node.scope[0]: node.scope[1]} if node.scope else scope
    below = has_it is not (node.is_call and node.name == _NOT)
    for child in node.children:
        yield from _compared(child, inner, has_it=below)


def _variables(node: Node, scope: _Scope) -> Iterator[str]:
    yield from (leaf.name for leaf in _leaves(node, scope) if leaf.is_name)


def _words(node: Node, scope: _Scope) -> Iterator[Node]:
    yield from (leaf for leaf in _leaves(node, scope) if leaf.text is not None)


def _leaves(node: Node, scope: _Scope) -> Iterator[Node]:
    """The names and constants that may give the value of a node or of one of its elements."""
    if node.is_name and node.name in scope:
        outer = {name: bound for name, bound in scope.items() if name != node.name}
        yield from _leaves(scope[node.name], outer)
    elif node.is_name or node.is_constant:
        yield node
    elif node.is_list or (node.is_call and node.name == _JOIN and any(c.is_list for c in node.children)):
        for child in node.children:
            yield from _leaves(child, scope)
    elif node.is_call and node.name in (_CHOICE, _INDEX):
        for child in node.children[1:] if node.name == _CHOICE else node.children[:1]:
            yield from _leaves(child, scope)

"""The errors of the CEL runtime in the words of this project."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailgate.model.phrase import phrase
from mailgate.policy.spelling import nearest, quoted
from mailgate.policy.variables import VARIABLES


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of a condition. ``line`` and ``column`` count from 1 inside its text."""

    line: int
    column: int
    message: str


def fault_at(text: str, offset: int, message: str) -> Fault:
    """A fault at an offset, in characters from 0."""
    before = text[:offset]
    return Fault(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, message)


_ERROR = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\s*\[INVALID_ARGUMENT\]|\nERROR: |\Z)", re.DOTALL
)


def translated(error: str, text: str) -> Iterator[Fault]:
    """The runtime's errors in the words of this project. Only the first syntax error is reported, since the others
    follow from it."""
    found = _ERROR.findall(error)
    if not found:
        yield Fault(
            1,
            1,
            phrase(
                "%(error)s; expected a simpler condition",
                error=error.removesuffix(" [CANCELLED]").removeprefix("CANCELLED: "),
            ),
        )
    for line, column, message in found:
        if "*error*" in message:
            continue  # this error follows from another one
        yield _reworded(int(line), int(column), message, text)
        if message.startswith("Syntax error"):
            return


def _reworded(line: int, column: int, message: str, text: str) -> Fault:
    if name := re.match(r"undeclared reference to '([^']*)'", message):
        return _unknown_name(line, column, name[1], text)
    if overload := re.match(r"found no matching overload for '([^']*)' applied to '([^']*)'", message):
        operator = overload[1].strip("_@").replace("_", " ")
        return Fault(
            line,
            column,
            phrase(
                "`%(operator)s` does not go with the types %(types)s; expected types that fit each other",
                operator=operator,
                types=overload[2],
            ),
        )
    if "<EOF>" in message and "input '<EOF>'" in message:
        return Fault(
            line, column, phrase("the condition ends too early; expected a value or a closing bracket")
        )
    written = re.match(r"[^\s\w]+|\w+", text.split("\n")[line - 1][column - 1 :])
    if written and written[0] in _OPERATORS:
        return Fault(
            line,
            column,
            phrase(
                "`%(written)s` is no operator; expected `%(operator)s`",
                written=written[0],
                operator=_OPERATORS[written[0]],
            ),
        )
    if "token recognition" in message and text.split("\n")[line - 1][column - 1] in "\"'":
        return Fault(line, column, phrase("this text has no end; expected a closing quote"))
    short = re.sub(r" expecting \{.*", "", message, flags=re.DOTALL).removeprefix("Syntax error: ")
    return Fault(line, column, phrase("%(problem)s; expected a CEL expression", problem=short))


_OPERATORS = {
    "=": "==",
    "===": "==",
    "<>": "!=",
    "=~": ".matches(…)",
    "~": ".matches(…)",
    "&": "&&",
    "|": "||",
}
_OPERATORS |= {"and": "&&", "AND": "&&", "or": "||", "OR": "||"}
"""Words of other languages, with the operators of CEL for them."""


def _unknown_name(line: int, column: int, name: str, text: str) -> Fault:
    """A fault at the start of a dotted name. The runtime points at its last dot, but people look for its start."""
    if text.split("\n")[line - 1][column - 1 : column] == "(":
        return Fault(
            line,
            column - len(name),
            phrase("there is no function `%(name)s`; expected one that CEL defines", name=name),
        )
    head = name.rpartition(".")[0]
    start = column - 1 - len(head)
    if text.split("\n")[line - 1][start : start + len(name)] == name:
        column = start + 1
    return Fault(line, column, phrase("`%(name)s` is not known; %(hint)s", name=name, hint=_hint(name)))


def _hint(name: str) -> str:
    """A guess at what was meant: a member of a known group, any variable, or a text without quotes."""
    prefix = name.partition(".")[0] + "."
    group = {each.removeprefix(prefix): each for each in VARIABLES if each.startswith(prefix)}
    near = nearest(name.removeprefix(prefix), group) if group else nearest(name, VARIABLES)
    if near:
        return phrase("did you mean `%(near)s`?", near=group.get(near, near))
    if group or "." in name:
        return phrase("expected one of %(known)s", known=quoted(group.values() or VARIABLES, 40))
    return phrase('text needs quotes: "%(name)s"', name=name)

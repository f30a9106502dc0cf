"""The errors of the CEL runtime in the words of this project."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailgate.model.phrase import phrase
from mailgate.policy.spelling import nearest, quoted
from mailgate.policy.variables import VARIABLES


@dataclass(frozen=True, slots=True, order=True)
class ConditionFault:
    """One fault of a condition. ``line`` and ``column`` count from 1 inside its text."""

    line: int
    column: int
    message: str


def fault_at(text: str, offset: int, message: str) -> ConditionFault:
    """A fault at an offset, in characters from 0."""
    before = text[:offset]
    return ConditionFault(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, message)


_ERROR = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\s*\[INVALID_ARGUMENT\]|\nERROR: |\Z)", re.DOTALL
)


def translated(error: str, text: str) -> Iterator[ConditionFault]:
    """The runtime's errors in the words of this project. Only the first syntax error is reported, since the others
    follow from it."""
    found = _ERROR.findall(error)
    if not found:
        told = error.removesuffix(" [CANCELLED]").removeprefix("CANCELLED: ")
        yield fault_at(text, 0, phrase("%(error)s; expected a simpler condition", error=told))
    lines = [0, *(each.end() for each in re.finditer("\n", text))]
    for line, column, message in found:
        if "*error*" in message:
            continue  # this error follows from another one
        yield fault_at(text, *_reworded(lines[int(line) - 1] + int(column) - 1, message, text))
        if message.startswith("Syntax error"):
            return


def _reworded(offset: int, message: str, text: str) -> tuple[int, str]:
    """The place and the words of an error for which the runtime has this place and message."""
    if name := re.match(r"undeclared reference to '([^']*)'", message):
        return _unknown_name(offset, name[1], text)
    if overload := re.match(r"found no matching overload for '([^']*)' applied to '([^']*)'", message):
        return offset, phrase(
            "`%(operator)s` does not go with the types %(types)s; expected types that fit each other",
            operator=overload[1].strip("_@").replace("_", " "),
            types=overload[2],
        )
    if "'<EOF>'" in message:
        return offset, phrase("the condition ends too early; expected a value or a closing bracket")
    written = _WRITTEN.match(text, len(text[:offset].rstrip(_SIGNS)))
    if written and written[0] in _OPERATORS:
        return written.start(), phrase(
            "`%(written)s` is not an operator; expected `%(operator)s`",
            written=written[0],
            operator=_OPERATORS[written[0]],
        )
    if "token recognition" in message and text[offset] in "\"'":
        return offset, phrase("this text has no end; expected a closing quote")
    short = re.sub(" expecting .*", "", message, flags=re.DOTALL).removeprefix("Syntax error: ")
    return offset, phrase("%(problem)s; expected a CEL expression", problem=short)


_OPERATORS = {
    "=": "==",
    "===": "==",
    "!==": "!=",
    "<>": "!=",
    "=~": ".matches(…)",
    "~": ".matches(…)",
    "&": "&&",
    "|": "||",
}
_OPERATORS |= {"and": "&&", "AND": "&&", "or": "||", "OR": "||"}
"""Words of other languages, with the operators of CEL for them."""
_SIGNS = "=!<>~&|"
_WRITTEN = re.compile(rf"[{_SIGNS}]+|\w+")


def _unknown_name(offset: int, name: str, text: str) -> tuple[int, str]:
    """The start of a dotted name, and what is wrong with it. The runtime points at its last dot or, if it stands for a function,
    at the bracket after it, but people look for its start."""
    before = text[:offset].rstrip()
    if text.startswith("(", offset) and before.endswith(name):
        words = phrase("there is no function `%(name)s`; expected one that CEL defines", name=name)
        return len(before) - len(name), words
    starts = (offset - len(name.rpartition(".")[0]), offset + 1)
    start = next((each for each in starts if text.startswith(name, each)), offset)
    return start, phrase("`%(name)s` is not known; %(hint)s", name=name, hint=_hint(name))


def _hint(name: str) -> str:
    """A guess at what was meant: a member of a known group, any variable, or a text without quotes."""
    prefix = name.partition(".")[0] + "."
    group = {each.removeprefix(prefix): each for each in VARIABLES if each.startswith(prefix)}
    near = nearest(name.removeprefix(prefix), group) if group else nearest(name, VARIABLES)
    if near:
        return phrase("did you mean `%(near)s`?", near=group.get(near, near))
    if group or "." in name:
        return phrase("expected one of %(known)s", known=quoted(group.values() or VARIABLES, len(VARIABLES)))
    return phrase('text needs quotes: "%(name)s"', name=name)

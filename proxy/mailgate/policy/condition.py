"""A condition: one CEL expression, checked when it is read and evaluated for each request."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cel_expr_python import cel

from mailgate.policy.closed_sets import literals_of, misspelt
from mailgate.policy.spelling import nearest, quoted
from mailgate.policy.syntax_tree import Node, read_tree, walk
from mailgate.policy.variables import ENVIRONMENT, VARIABLES

MAX_LENGTH = 4096
"""Longest condition in characters: a longer one is a program, not a rule."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a condition. ``line`` and ``column`` count from 1 inside its text."""

    line: int
    column: int
    message: str


class ConditionError(ValueError):
    """A condition that cannot be used, with every fault that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


class UnknownValueError(Exception):
    """The condition hangs on a value that was left out of the activation."""


class EvaluationError(Exception):
    """The condition failed on the values of this request."""


@dataclass(frozen=True, eq=False)
class Condition:
    """A compiled condition and what it reads."""

    text: str
    program: cel.Expression
    reads: frozenset[str]
    """Names of the variables in it."""
    names: Mapping[str, frozenset[str]]
    """For each variable the literal words that it is compared with."""

    def holds(self, activation: cel.Activation) -> bool:
        """Whether it holds.

        :raises UnknownValueError: the answer hangs on a variable that the activation leaves out.
        :raises EvaluationError: anything else that went wrong; the text is the runtime's own.
        """
        value = self.program.eval(activation).value()
        if value is True or value is False:
            return value
        if isinstance(value, str) and value.startswith("UNKNOWN: No value"):
            raise UnknownValueError(value)
        raise EvaluationError(str(value).removeprefix("INVALID_ARGUMENT: "))


def compile_condition(text: str, closed: Mapping[str, Iterable[str]]) -> Condition:
    """Check and compile one condition.

    :param closed: the only values of some variables besides those of the table: keys and lists of ``apps.yaml``.
    :raises ConditionError: with every fault.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            [Fault(1, 1, f"the condition is {len(text)} characters long; at most {MAX_LENGTH}")]
        )
    sets = {v.name: v.closed for v in VARIABLES.values() if v.closed is not None} | dict(closed)
    try:
        program = ENVIRONMENT.compile(text)
    except RuntimeError as error:
        raise ConditionError([*_translate(str(error), text), *_also_misspelt(text, sets)]) from error
    tree = read_tree(program.serialize(), checked=True)
    faults = [_fault(text, offset, message) for offset, message in misspelt(tree, sets)]
    faults += [_fault(text, offset, message) for offset, message in _bad_constants(tree)]
    if program.return_type().name() != "BOOL":
        kind = program.return_type().name().lower()
        faults.append(Fault(1, 1, f"the condition is of type {kind}; expected bool: true or false"))
    if faults:
        raise ConditionError(faults)
    reads = frozenset(node.name for node in walk(tree) if node.is_name) & VARIABLES.keys()
    return Condition(text, program, reads, literals_of(tree, reads))


def _also_misspelt(text: str, closed: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    """Words that can never be, in a text that can be parsed although its types are wrong."""
    try:
        parsed = ENVIRONMENT.compile(text, disable_check=True)
    except RuntimeError:
        return
    for offset, message in misspelt(read_tree(parsed.serialize(), checked=False), closed):
        yield _fault(text, offset, message)


_PARSED = {"matches": '"".matches({})', "duration": "duration({})", "timestamp": "timestamp({})"}
_EXAMPLES = {
    "matches": "a regular expression in RE2 syntax",
    "duration": 'a duration of hours, minutes and seconds like "168h" or "1h30m"',
    "timestamp": 'a time with its zone like "2026-12-01T09:00:00Z"',
}


def _bad_constants(tree: Node) -> Iterator[tuple[int, str]]:
    """Constants that the runtime would only stumble over while it decides: every request would be blocked."""
    for node in walk(tree):
        last = node.children[-1] if node.children else None
        if node.is_call and node.name in _PARSED and last is not None and last.text is not None:
            probe = ENVIRONMENT.compile(_PARSED[node.name].format(json.dumps(last.text)))
            if probe.eval(ENVIRONMENT.Activation({})).type().name() == "ERROR":
                yield last.offset, f"{json.dumps(last.text)} cannot be read; expected {_EXAMPLES[node.name]}"


def _fault(text: str, offset: int, message: str) -> Fault:
    before = text[:offset]
    return Fault(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, message)


_ERROR = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\s*\[INVALID_ARGUMENT\]|\nERROR: |\Z)", re.DOTALL
)


def _translate(error: str, text: str) -> Iterator[Fault]:
    """The runtime's errors in the words of this project; the first syntax error only, the rest follow from it."""
    found = _ERROR.findall(error)
    if not found:
        yield Fault(
            1,
            1,
            f"{error.removesuffix(' [CANCELLED]').removeprefix('CANCELLED: ')}; expected a simpler condition",
        )
    for line, column, message in found:
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
            f"`{operator}` does not go with the types {overload[2]}; expected types that fit each other",
        )
    if "<EOF>" in message and "input '<EOF>'" in message:
        return Fault(line, column, "the condition ends too early; expected a value or a closing bracket")
    short = re.sub(r" expecting \{.*", "", message, flags=re.DOTALL).removeprefix("Syntax error: ")
    return Fault(line, column, f"{short}; expected a CEL expression")


def _unknown_name(line: int, column: int, name: str, text: str) -> Fault:
    """The runtime points at the last dot of a dotted name; people look for its start."""
    if text.split("\n")[line - 1][column - 1 : column] == "(":
        return Fault(
            line, column - len(name), f"there is no function `{name}`; expected one that CEL defines"
        )
    head = name.rpartition(".")[0]
    start = column - 1 - len(head)
    if text.split("\n")[line - 1][start : start + len(name)] == name:
        column = start + 1
    near = nearest(name, VARIABLES)
    if near and near != name:
        hint = f"did you mean `{near}`?"
    elif "." in name:
        group = [each for each in VARIABLES if each.startswith(name.partition(".")[0] + ".")]
        hint = f"expected one of {quoted(group or VARIABLES, 40)}"
    else:
        hint = f'text stands in quotes: "{name}"'
    return Fault(line, column, f"`{name}` is not known; {hint}")

"""A condition: one CEL expression, checked when it is read and evaluated for each request."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property

from cel_expr_python import cel

from mailgate.model import Access
from mailgate.model.phrase import joined, nearest, phrase, quoted
from mailgate.policy.people import confusable_name, has_one_reading
from mailgate.policy.syntax_tree import Node, literals_of, misspelt, only_compared, read_tree, walk
from mailgate.policy.variables import ENVIRONMENT, UNREADABLE, VARIABLES, cel_activation
from mailgate.policy.written import AT_LEAST, EXAMPLE, parts_of


@dataclass(frozen=True, slots=True, order=True)
class ConditionFault:
    """One fault of a condition. ``line`` and ``column`` count from 1 inside its text."""

    line: int
    column: int
    message: str


def fault_at(text: str, offset: int, message: str) -> ConditionFault:
    before = text[:offset]
    return ConditionFault(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, message)


_ERROR = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\s*\[INVALID_ARGUMENT\]|\nERROR: |\Z)", re.DOTALL
)


def translated(error: str, text: str) -> Iterator[ConditionFault]:
    """The runtime's errors in words of this project, only the first syntax error, which the others follow from."""
    found = _ERROR.findall(error)
    if not found:
        told = error.removesuffix(" [CANCELLED]").removeprefix("CANCELLED: ")
        yield fault_at(text, 0, phrase("%(error)s; write a simpler condition", error=told))
    lines = [0, *(each.end() for each in re.finditer("\n", text))]
    for line, column, message in found:
        if "*error*" in message:
            continue  # this error follows from another one
        yield fault_at(text, *_reworded(lines[int(line) - 1] + int(column) - 1, message, text))
        if message.startswith("Syntax error"):
            return


def _reworded(offset: int, message: str, text: str) -> tuple[int, str]:
    if name := re.match(r"undeclared reference to '([^']*)'", message):
        return _unknown_name(offset, name[1], text)
    if overload := re.match(r"found no matching overload for '([^']*)' applied to '([^']*)'", message):
        return offset, phrase(
            "`%(operator)s` does not go with the types %(types)s; compare values of one type",
            operator=overload[1].strip("_@").replace("_", " "),
            types=overload[2],
        )
    if "'<EOF>'" in message:
        return offset, phrase("the condition ends too early; add a value or close the bracket")
    written = _WRITTEN.match(text, len(text[:offset].rstrip(_SIGNS)))
    if written and written[0] in _OPERATORS:
        return written.start(), phrase(
            "`%(written)s` is not an operator; use `%(operator)s`",
            written=written[0],
            operator=_OPERATORS[written[0]],
        )
    if "token recognition" in message and text[offset] in "\"'":
        return offset, phrase("this text has no end; close the quote")
    if "token recognition" in message:
        sign = text[offset] if text[offset].isprintable() else f"U+{ord(text[offset]):04X}"
        return offset, phrase(
            "`%(sign)s` means nothing in CEL; use straight quotes, plain spaces and operators", sign=sign
        )
    short = re.sub(" expecting .*", "", message, flags=re.DOTALL).removeprefix("Syntax error: ")
    return offset, phrase("%(problem)s; write a CEL expression", problem=short)


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
        words = phrase("there is no function `%(name)s`; use one that CEL defines", name=name)
        return len(before) - len(name), words
    starts = (offset - len(name.rpartition(".")[0]), offset + 1)
    start = next((each for each in starts if text.startswith(name, each)), offset)
    return start, phrase("`%(name)s` is not known; %(hint)s", name=name, hint=_hint(name))


def _hint(name: str) -> str:
    prefix = name.partition(".")[0] + "."
    group = {each.removeprefix(prefix): each for each in VARIABLES if each.startswith(prefix)}
    near = nearest(name.removeprefix(prefix), group) if group else nearest(name, VARIABLES)
    if near:
        return phrase("did you mean `%(near)s`?", near=group.get(near, near))
    if group or "." in name:
        return phrase("use one of %(known)s", known=quoted(group.values() or VARIABLES, len(VARIABLES)))
    return phrase('text needs quotes: "%(name)s"', name=name)


MAX_LENGTH = 4096
"""The most characters of a condition."""


class ConditionError(ValueError):
    """A condition that cannot be used, with every fault that was found."""

    def __init__(self, faults: Iterable[ConditionFault]) -> None:
        self.faults = sorted(faults)
        super().__init__(joined((fault.message for fault in self.faults), "; "))


class UnknownValueError(Exception):
    """The condition depends on a value that was left out of the activation."""


class EvaluationError(Exception):
    """The condition failed on the values of this request."""


@dataclass(frozen=True, eq=False)
class Condition:
    """A compiled condition and what it reads."""

    text: str
    program: cel.Expression
    reads: frozenset[str]
    """The names of its variables."""
    names: Mapping[str, frozenset[str]]
    """The literal words that each variable is compared with."""
    sought: Mapping[str, frozenset[str]]
    """Those of them that the condition looks for, and not only for their absence."""
    compared: frozenset[str]
    """The variables that it does nothing with but compare them with literal words."""
    loops: frozenset[str] | None
    """The variables that it loops over, with ``all``, ``exists`` and the like; None if it loops over anything else."""
    least: Mapping[str, frozenset[str]]
    """The versions that variables have to be ``at_least``."""
    denied: frozenset[str]
    """The variables that must not be ``at_least`` some version."""
    has_domain: bool
    """Whether a text that is not a whole login has a domain of logins, so that it means names with their domain."""

    def holds(self, activation: cel.Activation) -> bool:
        """Whether the condition holds. Raises UnknownValueError if that depends on a variable that the activation leaves out,
        and EvaluationError, with the runtime's text, for any other failure."""
        try:
            value = self.program.eval(activation).value()
        except RuntimeError as error:  # a text that has no UTF-8 form
            raise EvaluationError(str(error)) from error
        if isinstance(value, bool):
            return value
        if str(value).startswith("UNKNOWN: No value"):
            raise UnknownValueError(value)
        raise EvaluationError(str(value).removeprefix("INVALID_ARGUMENT: "))

    def outcome(self, activation: cel.Activation) -> bool | None:
        """Whether the condition holds; None if it fails, or depends on a value that was left out."""
        try:
            return self.holds(activation)
        except (EvaluationError, UnknownValueError):
            return None

    def other_readings(self, access: Access, names: Set[str]) -> Iterator[cel.Activation]:
        """The values of these variables in each other reading of who asks that may matter to the condition: by another name that
        the login may stand for, and without what nobody knows."""
        user = access.user
        spellings = self.other_spellings(user.name) if "user.name" in self.reads else ()
        left_out = {"user.name"} if spellings is None else set()
        if "user.groups" in self.reads and not user.groups_known:
            left_out.add("user.groups")
        if left_out:
            yield cel_activation(access, names - left_out)
        for name in spellings or ():
            yield cel_activation(replace(access, user=replace(user, name=name)), names - left_out)

    def other_spellings(self, login: str) -> frozenset[str] | None:
        """The names by which the condition may mean the person of this login, beside the login itself: in another domain, or in
        none. None if nobody can tell how a mail server reads it. A login that the condition names is nobody else's.
        """
        words = self.names.get("user.name", frozenset())
        if login in words or not login:
            return frozenset()
        bare = confusable_name(login)
        if not has_one_reading(bare):
            return None
        alike = {word for word in words if confusable_name(word) == bare}
        return frozenset(alike if self.has_domain else alike | {bare}) - {login}

    @cached_property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """The words of which each of these variables has to have one. Otherwise the condition is false, whatever all other
        values are. It may still hold or fail where a text is odd (``is_odd``)."""
        other = {name: [] if VARIABLES[name].type.startswith("list") else _OTHER for name in self.compared}
        return {
            name: self.names[name]
            for name, value in other.items()
            if _OTHER not in self.names[name] and self._is_false_with(name, value)
        }

    @cached_property
    def never(self) -> frozenset[tuple[str, object]]:
        """The same for other variables with a closed set: each with each value with which the condition is false."""
        closed = [
            (name, value) for name in self.reads - self.needs.keys() for value in VARIABLES[name].values
        ]
        return frozenset(pair for pair in closed if self._is_false_with(*pair))

    @property
    def open_to_unknown(self) -> frozenset[str]:
        """The variables that are not ``at_least`` a version if it is not known, so that the condition may hold because of that. One that
        cannot be read is no more known than one that is empty."""
        unknown = ("", _OTHER)
        return frozenset(
            name for name in self.denied if not all(self._is_false_with(name, each) for each in unknown)
        )

    def _is_false_with(self, name: str, value: object) -> bool:
        """Whether the condition is false although all other values are left out. A loop fails the whole evaluation if it takes
        too many steps, so one that is entered counts as a failure."""
        if self.loops is None:
            return False
        unread = {each: [UNREADABLE] for each in self.loops}
        return self.outcome(ENVIRONMENT.Activation({**unread, name: value})) is False


_OTHER = "\x01"
"""Stands for every text that a condition does not name."""


def compile_condition(text: str, closed: Mapping[str, Iterable[str]]) -> Condition:
    """Check and compile one condition. ``closed`` are the only values of further variables: keys and lists of ``apps.yaml``.
    Raises ConditionError with every fault."""
    if len(text) > MAX_LENGTH:
        message = phrase(
            "the condition is %(length)s characters long; at most %(most)s",
            length=str(len(text)),
            most=str(MAX_LENGTH),
        )
        raise ConditionError([fault_at(text, 0, message)])
    sets = {v.name: v.closed for v in VARIABLES.values() if v.closed is not None} | dict(closed)
    try:
        program = ENVIRONMENT.compile(text)
    except RuntimeError as error:
        raise ConditionError([*translated(str(error), text), *_also_misspelt(text, sets)]) from error
    tree = read_tree(program.serialize(), checked=True)
    found = (*misspelt(tree, sets), *_bad_constants(tree), *_bad_versions(tree), *_ordered_versions(tree))
    faults = [fault_at(text, offset, message) for offset, message in found]
    if program.return_type() != cel.Type.BOOL:
        kind = program.return_type().name().lower()
        message = phrase("the condition is of type %(kind)s; write one that is true or false", kind=kind)
        faults.append(fault_at(text, 0, message))
    if faults:
        raise ConditionError(faults)
    reads = frozenset(node.name for node in walk(tree) if node.is_name).intersection(VARIABLES)
    names, sought = literals_of(tree, reads), literals_of(tree, reads, sought=True)
    has_domain = any(
        "@" in each or "\\" in each for each in _texts(tree) - names.get("user.name", frozenset())
    )
    least = {name: frozenset(_versions_wanted(tree, name)) for name in reads}
    return Condition(
        text,
        program,
        reads,
        names,
        sought,
        only_compared(tree, reads),
        _loops(tree),
        least,
        frozenset(_denied(tree)),
        has_domain,
    )


def _versions_wanted(tree: Node, variable: str) -> Iterator[str]:
    for node in walk(tree):
        if node.name == AT_LEAST and node.children[0].name == variable and node.children[1].text is not None:
            yield node.children[1].text


def _denied(node: Node, *, denied: bool = False) -> Iterator[str]:
    """The versions that a comparison reads whose falsehood may help the condition to hold: only what is joined by "and" and "or", and
    is not denied, surely does not."""
    compares = node.name == AT_LEAST or any(each.name == AT_LEAST for each in walk(node) if node.scope)
    if compares and (denied or node.scope):
        names = (each.name for each in walk(node) if each.is_name and each.name in VARIABLES)
        yield from (name for name in names if VARIABLES[name].type == "string")
    below = not denied if node.name == "!_" else denied or node.name not in _JOINS
    for child in node.children:
        yield from _denied(child, denied=below)


_JOINS = frozenset({"_&&_", "_||_"})


def _texts(tree: Node) -> frozenset[str]:
    """The texts of a condition, and what its regular expressions mean by an escaped character."""
    calls = [(node.name == "matches", each.text) for node in walk(tree) for each in node.children]
    return frozenset(_ESCAPED.sub(_meant, text) if matches else text for matches, text in calls if text)


_ESCAPED = re.compile(r"\\(.)")


def _meant(escaped: re.Match[str]) -> str:
    return "" if escaped[1].isalnum() else escaped[1]


def _loops(tree: Node) -> frozenset[str] | None:
    ranges = [node.scope[1] for node in walk(tree) if node.scope]
    names = frozenset(each.name for each in ranges if each.is_name and each.name in VARIABLES)
    return names if all(each.name in names for each in ranges) else None


def _also_misspelt(text: str, closed: Mapping[str, Iterable[str]]) -> Iterator[ConditionFault]:
    """Words that a variable can never have, found although the types of the text are wrong."""
    try:
        parsed = ENVIRONMENT.compile(text, disable_check=True)
    except RuntimeError:
        return
    for offset, message in misspelt(read_tree(parsed.serialize(), checked=False), closed):
        yield fault_at(text, offset, message)


CALENDAR = (
    "getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds"
).split()
"""Functions that read a part of a time, in a time zone if one is given."""
_PARSED = {"matches": '"".matches({})', "duration": "duration({})", "timestamp": "timestamp({})"}
_PARSED |= {name: f"timestamp(0).{name}({{}})" for name in CALENDAR}
_EXAMPLES = {
    "matches": phrase("a regular expression in RE2 syntax"),
    "duration": phrase('a duration of hours, minutes and seconds like "168h" or "1h30m"'),
    "timestamp": phrase('a time with its zone like "2026-12-01T09:00:00Z"'),
}
_EXAMPLES |= dict.fromkeys(CALENDAR, phrase('a time zone like "Europe/Berlin" or "-08:00"'))


def _bad_constants(tree: Node) -> Iterator[tuple[int, str]]:
    """Constants that would fail only when a request is decided, so that every request would be blocked."""
    for node in walk(tree):
        last = node.children[-1] if node.children else None
        if node.name in _PARSED and last is not None and last.text is not None:
            probe = ENVIRONMENT.compile(_PARSED[node.name].format(json.dumps(last.text)))
            if probe.eval(ENVIRONMENT.Activation({})).type().name() == "ERROR":
                told = {"text": json.dumps(last.text), "example": _EXAMPLES[node.name]}
                yield last.offset, phrase("%(text)s cannot be read; use %(example)s", **told)


def _bad_versions(tree: Node) -> Iterator[tuple[int, str]]:
    for node in walk(tree):
        wanted = node.children[-1] if node.name == AT_LEAST else None
        if wanted is not None and wanted.text is not None and parts_of(wanted.text) is None:
            told = {"text": json.dumps(wanted.text), "example": EXAMPLE}
            yield wanted.offset, phrase("%(text)s cannot be read; use %(example)s", **told)


_ORDER = frozenset({"_<_", "_<=_", "_>_", "_>=_"})


def _ordered_versions(tree: Node) -> Iterator[tuple[int, str]]:
    """Comparisons of versions by order, which would silently be wrong: the text "9" is greater than "17"."""
    for node in walk(tree):
        versions = [child for child in node.children if child.is_name and child.name.endswith("version")]
        if node.name in _ORDER and versions:
            message = phrase(
                "`%(name)s` is a text, where 9 comes after 17; use something like `%(example)s`",
                name=versions[0].name,
                example='.at_least("17")',
            )
            yield versions[0].offset, message

"""Compares names in the database: login names without case by an index, and other names without case and accents."""

from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from mailgate.devices.names import ACCENTS, LETTERS, folded, storable, user_text

FUNCTION = "mailgate_folded"
"""The name of ``folded`` in SQLite."""
_LAST = "\U0010ffff"
_ASCII = "replace(replace(replace(lower({0}), ' ', '.'), '_', '.'), '-', '.')"
_CAPITALS = "".join(
    map(chr, [*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x410, 0x430), *range(0x400, 0x410)])
)
"""Capital letters that PostgreSQL does not convert if its locale is C."""
_PAIRS = {chr(code): to for code, to in LETTERS.items() if len(to) == 1 and code > 127}
_PAIRS |= {each: each.lower() for each in _CAPITALS} | {"Ø": "o", "Ł": "l", "Đ": "d", "Ð": "d", "ς": "σ"}
_LONGER = {chr(code): to for code, to in LETTERS.items() if len(to) > 1}
_LONGER |= {"ß": "ss", "ẞ": "ss", "Æ": "ae", "Œ": "oe", "Þ": "th"}


class WireText(TypeDecorator[str]):
    """Text from the wire. Characters that no database keeps (NUL, lone surrogates) are stored as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def function(kind: TypeEngine[Any], **forms: str) -> type[FunctionElement[Any]]:
    """A function of the database that returns this type, as each system writes it: ``{0}`` stands for its first argument, and
    ``{every}`` for all of them."""
    made = type("Written", (FunctionElement,), {"type": kind, "inherit_cache": True})
    for dialect, form in forms.items():
        compiles(made, dialect)(partial(_written, form))
    return made


def _written(form: str, element: FunctionElement[Any], compiler: SQLCompiler, **how: Any) -> str:
    parts = [compiler.process(each, **how) for each in element.clauses]
    return form.format(*parts, every=", ".join(parts))


def teach(connection: Any) -> None:
    """Add the function to a connection to SQLite."""
    connection.create_function(FUNCTION, 1, folded, deterministic=True)


def _on_postgresql() -> str:
    apart = f"regexp_replace(normalize({{0}}, NFKD), '[{ACCENTS[0]}-{ACCENTS[1]}]', '', 'g')"
    for letter, more in _LONGER.items():
        apart = f"replace({apart}, '{letter}', '{more}')"
    apart = f"translate({apart}, '{''.join(_PAIRS)}', '{''.join(_PAIRS.values())}')"
    return (
        f"CASE WHEN octet_length({{0}}) <> char_length({{0}}) THEN {_ASCII.format(apart)} ELSE {_ASCII} END"
    )


Folded = function(
    WireText(),
    sqlite=f"CASE WHEN length({{0}}) <> length(CAST({{0}} AS BLOB)) THEN {FUNCTION}({{0}}) ELSE {_ASCII} END",
    postgresql=_on_postgresql(),
)
"""A text as ``folded`` returns it."""

# By the rules of a language "Ä" would become "ä", and the index would change with the system's library of languages.
WithoutCase = function(WireText(), default="lower({0})", postgresql='lower({0} COLLATE "C")')
"""A text in ASCII lower case, as ``user_text`` makes it. Letters beyond ASCII stay as they are."""


def begins_with(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a column begins with this text, as an index of it in the order of its characters finds it."""
    return and_(column >= text, column < text + _LAST)


def is_login(column: ColumnElement[str], login: str) -> ColumnElement[bool]:
    """Whether a column has this login name, in any case."""
    return WithoutCase(column) == user_text(login)

"""Compares login names without case in the database by an index. The names are stored as they were written."""

from typing import Any

from sqlalchemy import ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mailgate.devices.names import user_text


class WithoutCase(FunctionElement[str]):
    """A text in ASCII lower case, as ``user_text`` makes it. Letters beyond ASCII stay as they are."""

    type = Text()
    inherit_cache = True


@compiles(WithoutCase)
def _everywhere(element: WithoutCase, compiler: SQLCompiler, **how: Any) -> str:
    return f"lower({compiler.process(element.clauses, **how)})"


@compiles(WithoutCase, "postgresql")
def _on_postgresql(element: WithoutCase, compiler: SQLCompiler, **how: Any) -> str:
    # By the rules of a language "Ä" would become "ä", and the index would change with the system's library of languages.
    return f'lower({compiler.process(element.clauses, **how)} COLLATE "C")'


def is_login(column: ColumnElement[str], login: str) -> ColumnElement[bool]:
    """Whether a column has this login name, in any case."""
    return WithoutCase(column) == user_text(login)

"""The core does no I/O: it imports only modules that cannot, which are listed here, and opens nothing.

``lint-imports`` forbids the core some ways out by name. A list of what is allowed needs no addition when Python or a
library has one more.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = frozenset(
    "base64 binascii bisect collections contextlib dataclasses datetime difflib enum functools hashlib hmac ipaddress "
    "itertools json math operator re typing unicodedata urllib.parse".split()
)
PURE_LIBRARIES = frozenset(
    # of authlib what checks the claims of a token; it also has clients
    "authlib.oidc cachetools cel_expr_python cryptography joserfc pydantic pydantic_core ua_parser ua_parser_rs".split()
)
OPENING = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "__import__"})


def rooms() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(each for each in contracts if each["name"] == "the core does no I/O")["source_modules"]


def files(room: str) -> Iterator[Path]:
    place = ROOT / "proxy" / room.replace(".", "/")
    yield from sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def is_pure(module: str, core: list[str]) -> bool:
    """Whether importing a module gives the core no way to the world."""
    if module.partition(".")[0] == "mailgate":
        return any(f"{module}.".startswith(f"{room}.") for room in core)
    return (
        module in PURE
        or {module.partition(".")[0], module.rpartition(".")[0]} & (PURE | PURE_LIBRARIES) != set()
    )


def ways_out(text: str, core: list[str]) -> list[str]:
    """What a file of the core imports or calls although it may not."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                found += [each.name for each in node.names if not is_pure(each.name, core)]
            case ast.ImportFrom(module=str(module), names=names):
                whole = [module] if is_pure(module, core) else [f"{module}.{each.name}" for each in names]
                found += [each for each in whole if not is_pure(each, core)]
            case ast.Call(func=ast.Name(id=name)) if name in OPENING:
                found.append(f"{name}()")
    return found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import http.client", ["http.client"]),
        ("from sqlite3 import connect", ["sqlite3.connect"]),
        ("from urllib import request, parse", ["urllib.request"]),
        ("from pathlib import Path", ["pathlib.Path"]),
        ("from mailgate.store import Store", ["mailgate.store.Store"]),
        ("from mailgate.policymaker import x", ["mailgate.policymaker.x"]),
        ("def f():\n    import subprocess", ["subprocess"]),
        ("text = open(name).read()", ["open()"]),
        ("from urllib.parse import quote", []),
        ("from mailgate.policy.rules import Policy\nfrom mailgate import errors", []),
        (
            "import re, json\nfrom collections.abc import Mapping\nfrom cryptography.x509.oid import NameOID",
            [],
        ),
    ],
)
def test_a_way_out_is_found(line: str, found: list[str]) -> None:
    assert ways_out(line, rooms()) == found


@pytest.mark.parametrize("room", rooms())
def test_the_core_has_no_way_out(room: str) -> None:
    core = rooms()
    found = {str(path.relative_to(ROOT)): ways_out(path.read_text(), core) for path in files(room)}
    assert {path: ways for path, ways in found.items() if ways} == {}
    assert found

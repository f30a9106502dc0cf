"""What docstrings and comments name is there: their parameters, and the files that they send a reader to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("proxy/mailgate", "benchmarks", "tests", "docs", "deploy")
PARAMETER = re.compile(r":param (\w+):")
FILE = re.compile(r"``([\w.-]+(?:/[\w.-]+)+\.(?:py|md))``|\((\w+(?:/\w+)+\.py)\)")


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (
            each for each in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in each.parts
        )


def names_of(definition: ast.AST) -> set[str]:
    """The parameters of a function; of a class, those of its ``__init__`` and its fields."""
    match definition:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = definition.args
            return {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} | {
                each.arg for each in (arguments.vararg, arguments.kwarg) if each
            }
        case ast.ClassDef():
            made = (each for each in definition.body if getattr(each, "name", "") == "__init__")
            fields = (each.target for each in definition.body if isinstance(each, ast.AnnAssign))
            return {each.id for each in fields if isinstance(each, ast.Name)}.union(*map(names_of, made))
    return set()


def unknown_parameters(text: str) -> list[str]:
    """Each parameter that a docstring describes and its function or class does not have."""
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        f"{each.name}: {name}"
        for each in ast.walk(ast.parse(text))
        if isinstance(each, documented)
        for name in PARAMETER.findall(ast.get_docstring(each) or "")
        if name not in names_of(each)
    ]


def lost_files(text: str, path: Path) -> list[str]:
    """Each file that is named and is in no folder above this one, nor in the package."""
    above = [each for each in path.parents if each.is_relative_to(ROOT)]
    named = {marked or called for marked, called in FILE.findall(text)}
    return sorted(
        name
        for name in named
        if not any((each / name).exists() for each in [*above, ROOT / "proxy/mailgate"])
    )


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ('def f(a, /, b, *c, d):\n    """Do.\n\n    :param a: x\n    :param c: y\n    :param d: z"""', []),
        ('async def f(a):\n    """Do.\n\n    :param old: x"""', ["f: old"]),
        ('class A:\n    """An A.\n\n    :param b: x\n    :param c: y"""\n    b: int', ["A: c"]),
        ('class A:\n    """An A.\n\n    :param b: x"""\n    def __init__(self, b): pass', []),
    ],
)
def test_a_missing_parameter_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_parameters(text) == unknown


def test_a_missing_file_is_found() -> None:
    here = ROOT / "proxy/mailgate/gateway/handler.py"
    beside, gone = "authz/" + "questions.py", "authz/" + "gone.py"
    assert lost_files(f"``policy/decide.py``, ``{beside}`` and ``{gone}`` (console/api/site.py)", here) == [
        gone
    ]


def test_every_parameter_of_a_docstring_is_one_of_its_function() -> None:
    texts = {path: path.read_text() for path in sources()}
    wrong = {
        str(path.relative_to(ROOT)): unknown
        for path, text in texts.items()
        if ":param" in text and (unknown := unknown_parameters(text))
    }
    assert wrong == {}


def test_every_file_that_is_named_is_there() -> None:
    lost = {
        str(path.relative_to(ROOT)): names
        for path in sources()
        if (names := lost_files(path.read_text(), path))
    }
    assert lost == {}

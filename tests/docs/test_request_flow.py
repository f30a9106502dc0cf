"""``docs/request-flow.md`` names files and functions that exist."""

import ast
from collections.abc import Iterator

import pytest
from tests.docs.reading import ROOT, spans, table

PACKAGE = ROOT / "proxy" / "mailgate"
TEXT = (ROOT / "docs" / "request-flow.md").read_text("utf-8")
ROWS = [*table(TEXT, "step"), *table(TEXT, "idea")]


def names_in(file: str) -> set[str]:
    """What a module defines: ``function``, ``Class``, ``Class.method``."""

    def defined(body: list[ast.stmt], before: str = "") -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield before + node.name
            if isinstance(node, ast.ClassDef):
                yield from defined(node.body, f"{node.name}.")

    return set(defined(ast.parse((PACKAGE / file).read_text("utf-8")).body))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: next(iter(row.values())))
def test_each_step_is_where_it_is_said_to_be(row: dict[str, str]) -> None:
    defined = set[str]().union(*map(names_in, spans(row["file"])))
    assert spans(row["function"])
    assert set(spans(row["function"])) <= defined


def test_each_part_of_the_extension_is_where_it_is_said_to_be() -> None:
    files = [file for row in table(TEXT, "in the extension") for file in spans(row["file"])]
    assert files
    assert [file for file in files if not (ROOT / "extension" / file).exists()] == []


def test_each_role_has_its_place() -> None:
    places = [
        place for row in table(TEXT, "role (NIST SP 800-207, RFC 9334)") for place in spans(row["here"])
    ]
    assert places
    assert [place for place in places if not (PACKAGE / place).exists()] == []


def test_every_room_is_on_the_page() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.suffix != ".typed"} - {"__pycache__"}
    beside = {"__init__.py", "__main__.py", "cli", "demo"}
    assert {room for room in rooms - beside if f"`{room}" not in TEXT} == set()

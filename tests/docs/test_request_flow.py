"""``docs/request-flow.md`` is one screen, in the order of the code, and names files and functions that exist."""

import ast
from collections.abc import Iterator

import pytest
from tests.docs.reading import ROOT, SPAN, spans, table

PACKAGE = ROOT / "proxy" / "mailgate"
TEXT = (ROOT / "docs" / "request-flow.md").read_text("utf-8")
ROWS = table(TEXT, "step")
LINES = 50
"""Of one screen."""
ORDER = [ast.parse((PACKAGE / "gateway" / file).read_text("utf-8")) for file in ("pipeline.py", "handler.py")]
"""What the second file says of a step is what counts for mail."""


def names_in(file: str) -> set[str]:
    """What a module defines: ``function``, ``Class``, ``Class.method``, also of a base in the same module."""
    module = ast.parse((PACKAGE / file).read_text("utf-8")).body
    classes = {node.name: node for node in module if isinstance(node, ast.ClassDef)}

    def defined(body: list[ast.stmt], before: str = "") -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield before + node.name
            if isinstance(node, ast.ClassDef):
                bases = [
                    classes[each.id]
                    for each in node.bases
                    if isinstance(each, ast.Name) and each.id in classes
                ]
                for each in (node, *bases):
                    yield from defined(each.body, f"{node.name}.")

    return set(defined(module))


def done_by_the_gate() -> list[str]:
    """What its parts are asked to do on the way, and its functions, in the order of ``handler.py`` and ``pipeline.py``."""
    body = [node for tree in ORDER for node in tree.body]
    members = [node for each in body if isinstance(each, ast.ClassDef) for node in each.body]
    parts = {
        node.target.id: node.annotation.id
        for node in members
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.annotation, ast.Name)
    }
    methods = {
        node.name: node for node in members if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    imported = {
        name.name
        for node in body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mailgate.gateway")
        for name in node.names
        if name.name.islower()
    }

    def done(name: str) -> Iterator[str]:
        calls = [node.func for node in ast.walk(methods[name]) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda each: (each.lineno, each.col_offset)):
            match call:
                case ast.Attribute(ast.Name("self"), method) if method in methods:
                    yield from done(method)
                case ast.Attribute(ast.Attribute(ast.Name("self"), part), method) if part in parts:
                    yield f"{parts[part]}.{method}"
                case ast.Name(name) if name in imported:
                    yield name

    return list(dict.fromkeys(done("handle")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: next(iter(row.values())))
def test_each_step_is_where_it_is_said_to_be(row: dict[str, str]) -> None:
    defined = set[str]().union(*map(names_in, spans(row["file"])))
    assert spans(row["function"])
    assert set(spans(row["function"])) <= defined


def test_every_act_of_the_gate_is_a_step_in_its_order() -> None:
    told = [name for row in ROWS for name in spans(row["function"])]
    done = done_by_the_gate()
    assert len(done) > 15
    assert set(done) <= set(told)
    steps = [name for name in done if name in IN_TURN]
    assert steps == [name for name in told if name in IN_TURN] == IN_TURN


IN_TURN = [
    "Questions.is_question",
    "Reader.origin",
    "VerdictCache.find",
    "Reader.facts",
    "OwnAddresses.serve",
    "Judge.judge",
    "Refuser.probe_or_record",
    "VerdictCache.keep",
    "Forwarding.forward",
    "Refuser.answer_instead",
]
"""What is done in turn: the rest is one of two ways, or is done in several places."""


def test_the_page_is_one_screen() -> None:
    assert len(TEXT.splitlines()) <= LINES


def test_every_room_is_on_the_page() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.suffix != ".typed"} - {"__pycache__"}
    beside = {"__init__.py", "__main__.py", "cli", "demo"}
    told = [place for row in table(TEXT, "room") for place in spans(row["room"])]
    assert [place for place in told if not (PACKAGE / place).exists()] == []
    assert {place.rstrip("/") for place in told} == rooms - beside


def test_every_other_file_on_the_page_exists() -> None:
    outside = TEXT.replace("proxy/mailgate/", "")
    files = [span for span in SPAN.findall(outside) if span.endswith(".py")]
    assert [file for file in files if not (PACKAGE / file).exists()] == []

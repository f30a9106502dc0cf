"""The size and shape of the package, whose figures may only fall: a capability that needs more raises one in its own commit, with the
reason. And the length of the guides, which has a limit: what is new takes the place of something."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.reading import prose

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "proxy" / "mailgate"

BUDGET = {
    "lines": 88_846,
    "files": 518,
    "files under 40 lines, __init__ apart": 6,
    "rooms": 16,
    "folders": 50,
    "arrows between rooms": 75,
    "modules that import more than 40 others": 0,
    "class names in two modules": 0,
    "Protocol classes": 22,
    "lines of tests": 133_049,
    "lines of benchmarks": 2_477,
}
GUIDES, GUIDE = 50_000, 5_000
"""Words of all pages of ``docs/`` and of one of them, decisions and code apart."""
SLACK = 0.01
"""What lies further below its figure lowers the figure."""


def _lines(folder: Path) -> dict[Path, int]:
    return {path: path.read_text("utf-8").count("\n") for path in folder.rglob("*.py")}


def _imported(tree: ast.AST) -> set[str]:
    return {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mailgate"
    }


def _arrows(path: Path, imported: set[str]) -> Iterator[tuple[str, str]]:
    room = path.relative_to(PACKAGE).parts[0]
    for module in imported:
        other = module.split(".")[1] if "." in module else ""
        if (PACKAGE / room).is_dir() and other and other != room and (PACKAGE / other).is_dir():
            yield room, other


def measured() -> dict[str, int]:
    lines = _lines(PACKAGE)
    trees = {path: ast.parse(path.read_text("utf-8")) for path in lines}
    imported = {path: _imported(tree) for path, tree in trees.items()}
    classes = [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    places = Counter(name for _, name in {(path, node.name) for path, node in classes})
    protocols = [node for _, node in classes for base in node.bases if ast.unparse(base).endswith("Protocol")]
    return {
        "lines": sum(lines.values()),
        "files": len(lines),
        "files under 40 lines, __init__ apart": sum(
            count < 40 and path.name != "__init__.py" for path, count in lines.items()
        ),
        "rooms": sum(path.is_dir() and any(path.rglob("*.py")) for path in PACKAGE.iterdir()),
        "folders": len({path.parent for path in lines}),
        "arrows between rooms": len(
            {each for path, names in imported.items() for each in _arrows(path, names)}
        ),
        "modules that import more than 40 others": sum(len(names) > 40 for names in imported.values()),
        "class names in two modules": sum(count > 1 for count in places.values()),
        "Protocol classes": len(protocols),
        "lines of tests": sum(
            count for path, count in _lines(ROOT / "tests").items() if "node_modules" not in path.parts
        ),
        "lines of benchmarks": sum(_lines(ROOT / "benchmarks").values()),
    }


MEASURED = measured()


@pytest.mark.parametrize("figure", BUDGET)
def test_the_house_keeps_within_its_budget(figure: str) -> None:
    assert MEASURED[figure] <= BUDGET[figure], f"{figure}: merge, delete, or raise the figure and say why"


@pytest.mark.parametrize("figure", BUDGET)
def test_a_figure_that_has_fallen_is_lowered(figure: str) -> None:
    assert MEASURED[figure] >= BUDGET[figure] * (1 - SLACK) - 1, f"{figure}: lower it to {MEASURED[figure]}"


def test_the_guides_keep_within_their_words() -> None:
    guides = {page.name: prose(page.read_text("utf-8")) for page in (ROOT / "docs").glob("*.md")}
    told = {name: len(re.findall(r"\S*\w\S*", text)) for name, text in guides.items()}
    assert [name for name, words in told.items() if words > GUIDE] == []
    assert sum(told.values()) <= GUIDES, "tell it once, as a table, or leave it to the program that tells it"

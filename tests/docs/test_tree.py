"""The project speaks of itself alone: no address of a package registry and no path of somebody's machine."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.reading import ROOT

MADE = {".git", ".venv", "node_modules", "var", "dist", "__pycache__", ".cache"}
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
        ("repo", "maven", "apache", "org"),
    )
]
REGISTRY = re.compile("|".join(re.escape(host) for host in REGISTRIES), re.IGNORECASE)
# a home, or a place where somebody works on this: the beginning of a path, not a part of one
MACHINE = re.compile(r"(?<![\w.}/~-])/(?:home/[a-z]|Users/[A-Za-z]|root/|work/)")


def files() -> Iterator[Path]:
    """Every text file of the project, without what setting up and running it makes."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and not name.endswith("_cache")]
        folders[:] = [name for name in folders if not name.startswith((".hypothesis", ".venv-"))]
        yield from (Path(folder, name) for name in names if name not in (".git", ".venv"))


def found(pattern: re.Pattern[str]) -> list[str]:
    read = {path: path.read_text("utf-8", "replace") for path in files() if path.is_file()}
    return sorted(
        f"{path.relative_to(ROOT)}: {hit[0]}" for path, text in read.items() for hit in pattern.finditer(text)
    )


def test_no_registry_is_named() -> None:
    assert found(REGISTRY) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert found(MACHINE) == []


@pytest.mark.parametrize("text", [f"see /{'home'}/joe/x", f"'/{'work'}/shared'", f"/{'Users'}/joe"])
def test_a_path_of_a_machine_is_found(text: str) -> None:
    assert MACHINE.search(text)

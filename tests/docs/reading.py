"""Reads the pages of the docs: their list, their code, and their tables."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


class Run(NamedTuple):
    """A command of a ``console`` block and the output below it."""

    command: str
    prints: str


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text)


def runs(text: str) -> list[Run]:
    """Every command of the ``console`` blocks, in order."""
    blocks = [block for _, language, block in FENCE.findall(text) if language == "console"]
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    return [Run(*part.partition("\n")[::2]) for part in parts]


def command_lines(text: str) -> list[str]:
    """The commands of a page: in blocks for a shell, or as a span of code."""
    scripts = [block for _, language, block in FENCE.findall(text) if language == "sh"]
    lines = [line.partition(" #")[0].strip() for script in scripts for line in script.splitlines()]
    return [*lines, *(run.command for run in runs(text)), *SPAN.findall(prose(text))]


def table(text: str, first_heading: str) -> list[dict[str, str]]:
    """The rows of every table whose first column has this heading, by the headings of their columns."""
    found = []
    for block in re.findall(rf"^\| {re.escape(first_heading)} \|.*(?:\n\|.*)*", text, re.MULTILINE):
        heads, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
        found += [dict(zip(heads, row, strict=True)) for row in rows]
    return found


def spans(cell: str) -> list[str]:
    """The spans of code in a cell."""
    return SPAN.findall(cell)

"""What commands print: JSON, tables in which no text is cut, however narrow the terminal is, and their progress at a terminal."""

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

import typer
from pydantic import BaseModel
from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

Columns = Mapping[str, str | Callable[[Any], object]]
"""The columns of a table by their headings. Each is the name of a field of the facts in a row, or says what it shows of them."""
ShowProgress = Callable[[int, int | None], None]
"""Takes how many are done, and of how many, if that is known."""


def printable(text: str) -> str:
    """A text that strangers wrote, without characters that would control the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def own_word(name: str, proven: bool) -> str:
    """The name of a computer, with a remark if nothing but itself tells it."""
    return name if proven or not name else f"{name} (its own word)"


def minute(moment: datetime | None) -> str:
    """A time, as tables and sentences write it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def print_json(told: object) -> None:
    """Print facts, rows of the store and plain data as one line of JSON. Times are written as ISO 8601."""
    typer.echo(json.dumps(told, default=_plain, ensure_ascii=False))


def say(words: str, told: object, *, as_json: bool) -> None:
    """Print what was done: in words, or as JSON."""
    if as_json:
        print_json(told)
    else:
        tell(words)


def tell(words: str, *, err: bool = False) -> None:
    """Print sentences. At a terminal a line that is too long breaks between words, and goes on further in; in a file or a pipe it is one."""
    if (sys.stderr if err else sys.stdout).isatty():
        words = "\n".join(wrapped(line, get_terminal_size().columns) for line in words.split("\n"))
    typer.echo(words, err=err)


def wrapped(line: str, width: int) -> str:
    """A line as lines of this width, without breaking words. Those after the first stand further in."""
    begin = line[: len(line) - len(line.lstrip(" #"))]
    return fill(line, width, subsequent_indent=f"{begin}  ", break_long_words=False, break_on_hyphens=False)


class _RowsThatFit(Table):
    """A table, or each row as a block where the terminal is so narrow that words would break or rows would stand in columns of scraps. What is
    written to a file or a pipe is always a table: whoever reads it there may count on its rows."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = list(super().__rich_console__(console, options))
        minimum = Measurement.get(console, options.update(width=_UNBOUNDED), self).minimum
        lines = sum(each.text.count("\n") for each in table if isinstance(each, Segment))
        fits = minimum <= options.max_width and lines <= _AROUND + _LINES * self.row_count
        if fits or not options.is_terminal:
            yield from table
            return
        if self.title:
            yield Text(str(self.title), style="italic")
        for row, cells in zip(
            self.rows, zip(*(each.cells for each in self.columns), strict=True), strict=True
        ):
            first, *others = (
                Text.assemble((f"{column.header} ", "dim"), Text(" ").join(cell.split("\n")))
                for column, cell in zip(self.columns, cells, strict=True)
                if cell
            )
            yield Text.assemble("\n", first, style=f"{row.style} bold", overflow="fold")
            yield Padding(Group(*_lines_of(others, options.max_width - 2)), (0, 0, 0, 2))


def _lines_of(cells: Iterable[Text], width: int) -> Iterator[Text]:
    """Cells, as many on a line as fit."""
    line = Text(overflow="fold")
    for cell in cells:
        if line and len(line) + len(cell) + 2 > width:
            yield line
            line = Text(overflow="fold")
        line = Text.assemble(line, "  " if line else "", cell, overflow="fold")
    yield line


_UNBOUNDED, _AROUND, _LINES = 10_000, 6, 3
"""A width for any table; the lines around the rows of a table; the most lines that a row may take in the middle."""


def table_of(
    rows: Iterable[Any],
    columns: Columns,
    *,
    whole: Collection[str] = (),
    numbers: Collection[str] = (),
    title: str | None = None,
    style: Callable[[Any], str] = lambda _: "",
) -> Table:
    """A table of these rows. Long texts are folded.

    :param whole: columns that are never folded, since people copy what is in them.
    :param numbers: columns that are aligned at the right.
    :param style: the style of a row.
    """
    heads = (
        Column(name, no_wrap=name in whole, overflow="fold", justify="right" if name in numbers else "left")
        for name in columns
    )
    table = _RowsThatFit(*heads, box=SIMPLE, title=title, title_justify="left")
    for row in rows:
        cells = (getattr(row, shown) if isinstance(shown, str) else shown(row) for shown in columns.values())
        table.add_row(*map(_text, cells), style=style(row))
    return table


def print_rows(
    rows: Sequence[Any],
    columns: Columns,
    *,
    as_json: bool,
    none: str,
    plain: Callable[[Any], object] | None = None,
    **how: Any,
) -> None:
    """Print rows as JSON, each as ``plain`` makes it, or as a table of ``table_of``; the sentence ``none`` if there are none."""
    if as_json:
        print_json([plain(each) for each in rows] if plain else rows)
    elif rows:
        Console().print(table_of(rows, columns, **how))
    else:
        tell(none)


def fields_grid(told: Mapping[str, object]) -> Table:
    """Facts with their names, one per line."""
    grid = Table.grid(padding=(0, 2))
    for name, value in told.items():
        grid.add_row(Text(name.replace("_", " "), style="bold"), _text(value))
    return grid


@contextmanager
def progress_bar(doing: str, noun: str = "", *, shown: bool = True) -> Iterator[ShowProgress]:
    """A progress bar on standard error, at a terminal alone. Yields what moves it."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(noun), TimeRemainingColumn(),
    )  # fmt: skip
    shown = shown and console.is_terminal  # without a terminal it would leave an empty line
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _text(value: object) -> Text:
    match value:
        case Text():
            return value
        case None:
            return Text("")
        case datetime():
            return Text(minute(value))
        case dict():
            return _text([f"{name} {each}" for name, each in value.items()])
        case list() | tuple():
            return Text(printable(", ".join(map(str, value))))
    return Text(printable(str(value)))


def _plain(value: object) -> object:
    """A value that JSON does not have, in a form that it has."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else str(value)

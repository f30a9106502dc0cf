"""The tables that commands print. No text in them is cut, however narrow the terminal is."""

from collections.abc import Collection

from rich.box import SIMPLE
from rich.table import Column, Table


def unclipped_table(
    *names: str, whole: Collection[str] = (), numbers: Collection[str] = (), title: str | None = None
) -> Table:
    """A table with these columns. Long texts are folded.

    :param whole: columns that are never folded, since people copy what is in them.
    :param numbers: columns that are aligned at the right.
    """
    columns = (
        Column(
            name,
            no_wrap=name in whole,
            overflow="fold",
            justify="right" if name in numbers else "left",
        )
        for name in names
    )
    return Table(*columns, box=SIMPLE, title=title, title_justify="left")

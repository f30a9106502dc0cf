"""Rows of a spreadsheet as CSV, the same wherever they are written: page, API or command line.

UTF-8 begins with a byte order mark, by which a spreadsheet reads names as they are written, and no cell is taken for a formula
(OWASP, CSV Injection). Rows end as RFC 4180 has it.
"""

import csv
import io
from collections.abc import Iterable

BEGIN = "\ufeff"
"""What every file begins with."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins; the wide signs are those of East Asian keyboards."""


def beginning(columns: Iterable[str]) -> str:
    """The beginning of a file, with the names of its columns."""
    return BEGIN + lines([columns])


def lines(rows: Iterable[Iterable[object]]) -> str:
    """The lines of some rows."""
    sheet = io.StringIO()
    csv.writer(sheet).writerows([_cell(each) for each in row] for row in rows)
    return sheet.getvalue()


def saved_as(what: str, kind: str = "csv") -> str:
    """The Content-Disposition of such a file."""
    return f'attachment; filename="mailgate-{what}.{kind}"'


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text

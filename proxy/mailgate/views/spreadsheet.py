"""Rows of a spreadsheet as CSV, the same for pages, API and command line.

The file begins with a byte order mark, so that spreadsheets read it as UTF-8, and no cell can be taken for a formula
(OWASP, CSV Injection). Rows end with CRLF (RFC 4180).
"""

import csv
import io
from collections.abc import Iterable

BEGIN = "\ufeff"
"""The byte order mark."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The characters that begin a formula; the wide ones are from East Asian keyboards."""


def beginning(columns: Iterable[str]) -> str:
    """The beginning of a file: the byte order mark and the names of the columns."""
    return BEGIN + lines([columns])


def lines(rows: Iterable[Iterable[object]]) -> str:
    """The lines of some rows."""
    sheet = io.StringIO()
    csv.writer(sheet).writerows([_cell(each) for each in row] for row in rows)
    return sheet.getvalue()


def saved_as(what: str, kind: str = "csv") -> str:
    """The Content-Disposition of a file to save."""
    return f'attachment; filename="mailgate-{what}.{kind}"'


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text

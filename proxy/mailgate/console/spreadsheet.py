"""Rows of a spreadsheet as CSV, the same for pages, API and command line.

The file begins with a byte order mark, so that spreadsheets read it as UTF-8, and no cell can be taken for a formula
(OWASP, CSV Injection). Rows end with CRLF (RFC 4180).

A spreadsheet may part cells elsewhere than this file does, since German and French ones read semicolons, and others tabs.
So an apostrophe stands wherever such a reader could find the beginning of a formula, inside a text too.
"""

import csv
import io
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable

BEGIN = "\ufeff"
"""The byte order mark."""
_FORMULA = r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
"""A character that begins a formula; the wide and the small ones are from East Asian keyboards."""
_PARTS = r"[;,|\t\"\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
"""A character after which some reader begins a cell."""
_UNSEEN = (
    r"[\0-\x08\x0e-\x1b\x1f \x7f-\x84\x86-\xa0\xad\u061c\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff]"
)
"""A space, or a character that is not shown, which some reader may drop before it looks for a formula."""
_RUNS = re.compile(rf"(?:\A|(?<={_PARTS}))(?={_UNSEEN}*{_FORMULA})|\A(?=\n)|(?<=[;\t\r\n])\Z", re.ASCII)
"""The places at which a formula could begin. The end of a text is one if it parts cells: the closing quote then opens a
cell for some readers, and the next line is its text."""


def beginning(columns: Iterable[str]) -> str:
    """The beginning of a file: the byte order mark and the names of the columns."""
    return BEGIN + lines([columns])


def lines(rows: Iterable[Iterable[object]]) -> str:
    sheet = io.StringIO()
    csv.writer(sheet).writerows([_RUNS.sub("'", str(each)) for each in row] for row in rows)
    return sheet.getvalue()


async def sheet(
    columns: Iterable[str], rows: AsyncIterable[Iterable[Iterable[object]]]
) -> AsyncIterator[str]:
    """A whole file of rows that come in batches, piece by piece."""
    yield beginning(columns)
    async for some in rows:
        yield lines(some)


def saved_as(what: str, kind: str = "csv") -> str:
    """The Content-Disposition of a file to save."""
    return f'attachment; filename="mailgate-{what}.{kind}"'

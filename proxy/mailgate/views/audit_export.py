"""Entries of the audit log as rows of a spreadsheet, and as the lines that their digests are made of."""

import json
from dataclasses import asdict

from mailgate.store import Entry

COLUMNS = tuple(Entry.__dataclass_fields__)


def line_of(entry: Entry) -> str:
    """One JSON object in one line, from which the digest can be checked."""
    return json.dumps(asdict(entry), sort_keys=True)


def row_of(entry: Entry) -> list[str]:
    """The cells of ``COLUMNS``."""
    return [str(each) for each in asdict(entry).values()]

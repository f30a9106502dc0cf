"""Entries of the audit log as rows of a spreadsheet, and as the JSON lines over which their digests are made."""

import json
from dataclasses import asdict

from mailgate.store import Entry

COLUMNS = tuple(Entry.__dataclass_fields__)


def line_of(entry: Entry) -> str:
    """The entry as one line of JSON, from which its digest can be checked."""
    return json.dumps(asdict(entry), sort_keys=True)


def row_of(entry: Entry) -> list[str]:
    """The cells of an entry, for ``COLUMNS``."""
    return [str(each) for each in asdict(entry).values()]

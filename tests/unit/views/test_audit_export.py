"""Entries of the audit log, to be taken away."""

import json
from dataclasses import asdict

from mailgate.store import Entry
from mailgate.views.audit_export import COLUMNS, line_of, row_of

ENTRY = Entry(
    1, "2026-12-01T12:00:00", "ada", "policy-retracted", "version 1", "=1+1", "gate", "{}", "", "abc"
)


def test_a_line_is_all_of_an_entry_with_its_keys_in_order() -> None:
    assert json.loads(line_of(ENTRY)) == asdict(ENTRY)
    assert list(json.loads(line_of(ENTRY))) == sorted(COLUMNS)


def test_a_row_has_a_cell_for_every_column() -> None:
    assert dict(zip(COLUMNS, row_of(ENTRY), strict=True))["why"] == "=1+1"

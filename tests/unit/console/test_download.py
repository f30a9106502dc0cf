"""A spreadsheet is sent while it is read, in one form and under its name."""

import pytest
from tests.unit.console.browsing import Browser


@pytest.mark.parametrize(("path", "name"), [("devices.csv", "devices"), ("audit/export.csv", "audit")])
async def test_a_sheet_has_its_name_and_begins_with_its_columns(vic: Browser, path: str, name: str) -> None:
    page = await vic.get(f"/console/{path}")
    assert page.headers["Content-Disposition"] == f'attachment; filename="mailgate-{name}.csv"'
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.text.startswith(("\ufeffdevice,name,", "\ufeffnumber,at,"))

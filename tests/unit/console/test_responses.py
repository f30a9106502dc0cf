"""The headers of every answer."""

import re

import pytest
from tests.unit.console.browsing import Browser

from mailgate.console.responses import SECURITY

PAGES = [
    "/console/",
    "/console/login",
    "/console/nothing",
    "/console/assets/console.css",
    "/console/audit/export.csv",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_keeps_to_itself(ada: Browser, path: str) -> None:
    page = await ada.get(path)
    assert {name: page.headers.get(name) for name in SECURITY} == SECURITY
    assert page.headers["Cache-Control"] == ("no-cache" if "assets" in path else "no-store")


def test_nothing_of_elsewhere_and_nothing_inline_may_run() -> None:
    policy = SECURITY["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= {
        each.strip() for each in policy.split(";")
    }


@pytest.mark.parametrize(("path", "name"), [("devices.csv", "devices"), ("audit/export.csv", "audit")])
async def test_a_sheet_has_its_name_and_begins_with_its_columns(vic: Browser, path: str, name: str) -> None:
    page = await vic.get(f"/console/{path}")
    assert page.headers["Content-Disposition"] == f'attachment; filename="mailgate-{name}.csv"'
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.text.startswith(("\ufeffdevice,name,", "\ufeffnumber,at,"))

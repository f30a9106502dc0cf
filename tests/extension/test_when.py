"""The script by which pages and the extension write times says the same as the texts of pages without scripts."""

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.servers import require_or_skip

from mailgate.model.phrase import primary
from mailgate.texts import load_languages

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "proxy/mailgate/gateway/pages/when.js"
COPY = ROOT / "extension/look/when.js"
LOCALES = ("en", "en-GB", "en-US", "ar", "de", "es", "fr", "ja", "pt-BR", "zh-Hans")
NOWS = (
    datetime(2026, 11, 29, 23, 45, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
)
AWAY = (
    *(timedelta(minutes=minutes) for minutes in (0, -30, 30, 60 * 24, -60 * 24)),
    *(timedelta(days=days) for days in (-366, -15, -14, -8, -7, -2, 2, 7, 14, 15, 33)),
)
ASK = """
const told = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(told.map(([at, form, locale, dated, now]) => when(new Date(at), form, locale, dated, new Date(now)))));
"""


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles"])
def test_scripts_and_pages_write_every_time_alike(zone: str) -> None:
    require_or_skip("node")
    cases = list(product(NOWS, AWAY, ("alone", "in", "at", "day"), LOCALES, (False, True)))
    asked = [
        ((now + away).isoformat(), form, locale, dated, now.isoformat())
        for now, away, form, locale, dated in cases
    ]
    ran = subprocess.run(
        ["node", "-e", SOURCE.read_text("utf-8") + ASK],
        input=json.dumps(asked),
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    here, languages = ZoneInfo(zone), load_languages()
    by_language = {primary(tag): each for tag, each in languages.items()}
    for (now, away, form, locale, dated), told in zip(cases, json.loads(ran.stdout), strict=True):
        spoken = replace(by_language[primary(locale)].as_written_in(locale), now=now, dated=dated)
        assert spoken.when((now + away).astimezone(here), form) == told, (now, away, form, locale)


def test_the_extension_has_the_script_of_the_pages() -> None:
    assert "".join(COPY.read_text("utf-8").splitlines(keepends=True)[2:]) == SOURCE.read_text(
        "utf-8"
    ).replace("const when", "export const when", 1)

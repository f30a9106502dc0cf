"""``mailgate apps``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport
from mailgate.store import Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["apps", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def has(config: Path) -> None:
    async def fill(store: Store) -> None:
        now = datetime.now(UTC)
        apps = AppsReport(frozenset({"tiktok"}), True, now)
        await store.devices.ingest([report_by("mdm", "1", owner="ada", apps=apps)], now)

    in_store(fill)


def test_apps_are_listed_with_who_has_them_now(has: None) -> None:
    assert "tiktok TikTok" in " ".join(run().output.split())
    (told, *_) = json.loads(run("--json").output)
    assert (told["key"], told["people"], told["devices"]) == ("tiktok", 1, 1)

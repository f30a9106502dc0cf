"""The dashboard for Grafana: what the code makes, and numbers of a gate that Prometheus has scraped."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from tests.integration.conftest import IPHONE, LAPTOP, Guard
from tests.integration.gate import PHONE_RULES, wait_for
from tests.integration.prometheus import Prometheus, scraping
from tests.pki import server
from tests.servers import PATIENCE

DEPLOY = Path(__file__).parents[2] / "deploy"
BUILT = json.loads((DEPLOY / "grafana" / "mailgate.json").read_text("utf-8"))
PANELS = [panel for panel in BUILT["panels"] if panel["type"] != "row"]
SILENT = {"Attestations", "Asked for help", "Mails about rules"}
"""What nothing has happened of yet."""
RULES = {
    "rules": [
        {"id": "rehearsed", "when": "client.handheld", "effect": "block", "stages": {"report_only": "2026-01-01"}},
        *PHONE_RULES["rules"],
    ]
}  # fmt: skip


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_dashboard", DEPLOY / "make_dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_what_the_code_makes() -> None:
    assert (DEPLOY / "grafana" / "mailgate.json").read_text("utf-8") == script().text(), (
        "run: python deploy/make_dashboard.py"
    )


def test_no_two_panels_stand_in_one_place() -> None:
    places = [panel["gridPos"] for panel in BUILT["panels"]]
    cells = [(place["x"] + dx, place["y"] + dy) for place in places for dx in range(place["w"]) for dy in range(place["h"])]  # fmt: skip
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


@pytest.fixture
async def seen(guard: Guard, client: aiohttp.ClientSession, tmp_path: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that has scraped a gate of two workers, which had a laptop and a phone as guests."""
    server(datetime.now(UTC)).write(tmp_path, "gate")
    (tmp_path / "devices.jsonl").write_text("")
    guarded = guard(
        RULES,
        workers=2,
        tls={"certificate": "gate.pem", "key": "gate.key"},
        connectors={"inventory": {"type": "file", "path": "devices.jsonl"}},
    )
    host, port = guarded.gate.admin
    with scraping(tmp_path, f"{host}:{port}") as prometheus:
        for agent, path in ((LAPTOP, "/"), (IPHONE, "/"), (LAPTOP, "/.mailgate/nothing")) * 20:
            async with client.get(guarded.url + path, headers={"User-Agent": agent}, ssl=False) as answer:
                await answer.read()
            await asyncio.sleep(0.1)
        yield prometheus


async def test_every_panel_has_numbers_and_no_alarm_is_broken(
    seen: Prometheus,
) -> None:
    missing = []
    for panel in PANELS:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "30s")
            query = query.replace("$job", "mailgate").replace("$instance", ".*")
            patience = 0 if panel["title"] in SILENT else PATIENCE
            if not await asyncio.to_thread(wait_for, partial(seen.ask, query), patience):
                missing.append(panel["title"])
    assert set(missing) == SILENT
    assert {(rule["health"], rule.get("lastError")) for rule in seen.alarms()} == {("ok", None)}

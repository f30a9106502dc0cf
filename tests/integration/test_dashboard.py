"""The dashboards for Grafana: what the code makes, their form, and numbers of a gate that Prometheus has scraped."""

import asyncio
import importlib.util
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from tests.integration.conftest import IPHONE, LAPTOP, Guard
from tests.integration.gate import PHONE_RULES, wait_for
from tests.integration.prometheus import Prometheus, scraping
from tests.pki import server
from tests.servers import PATIENCE

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted((DEPLOY / "grafana").glob("*.json"))
BUILT = {each.stem: json.loads(each.read_text("utf-8")) for each in FILES}
BOARDS = pytest.mark.parametrize("board", BUILT.values(), ids=BUILT)
SILENT = {
    "mailgate": {"Attestations", "Asked for help", "Mails about rules"},
    "mailgate-who": {"Proofs that were refused"},
    "mailgate-slow": set(),
    "mailgate-rules": {"Asked for help, by rule", "Mails, by kind"},
}
"""What nothing has happened of yet, by dashboard. What was a day before is only asked for."""
METRICS = set(
    re.findall(r"`((?:mailgate|process)_[a-z_]+)`", (DEPLOY.parent / "docs/metrics.md").read_text())
)
PARTS = {f"mailgate_{of}_{part}" for of in ("request_duration_seconds", "upstream_duration_seconds", "decision_seconds") for part in ("bucket", "sum", "count")}  # fmt: skip
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


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def test_the_files_are_what_the_code_makes() -> None:
    written = {each.name: each.read_text("utf-8") for each in FILES}
    assert written == script().texts(), "run: python deploy/make_dashboard.py"


@BOARDS
def test_no_two_panels_stand_in_one_place(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(place["x"] + dx, place["y"] + dy) for place in places for dx in range(place["w"]) for dy in range(place["h"])]  # fmt: skip
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


@BOARDS
def test_every_query_is_of_metrics_that_there_are(board: dict[str, Any]) -> None:
    queries = [target["expr"] for panel in panels(board) for target in panel["targets"]]
    named = {each for query in queries for each in re.findall(r"\b(?:mailgate|process)_[a-z_]+", query)}
    assert named - METRICS - PARTS == set()
    assert named


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


async def test_every_panel_has_numbers_and_no_alarm_is_broken(seen: Prometheus) -> None:
    missing: dict[str, set[str]] = {name: set() for name in BUILT}
    for name, board in BUILT.items():
        for line in board["annotations"]["list"]:
            seen.ask(asked(line["expr"]))
        for panel in panels(board):
            for query in (asked(target["expr"]) for target in panel["targets"]):
                quiet = panel["title"] in SILENT[name] or "offset 1d" in query
                found = await asyncio.to_thread(wait_for, partial(seen.ask, query), 0 if quiet else PATIENCE)
                if not found and "offset 1d" not in query:
                    missing[name].add(panel["title"])
    assert missing == SILENT
    assert {(rule["health"], rule.get("lastError")) for rule in seen.alarms()} == {("ok", None)}


def asked(query: str) -> str:
    """A query as Grafana asks it, for a short time."""
    for name, value in {"$__rate_interval": "30s", "$__range": "1h", "$__interval": "30s", ":5m]": ":5s]", "$job": "mailgate", "$instance": ".*"}.items():  # fmt: skip
        query = query.replace(name, value)
    return query

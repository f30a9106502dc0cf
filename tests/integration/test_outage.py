"""An outage of PostgreSQL: what two gates with two workers each say while it lasts, and that nothing waits afterwards."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.conftest import LAPTOP
from tests.integration.fleet import Fleet, fleet
from tests.integration.gate import EVERYONE, Gate, wait_for
from tests.integration.postgres import Server, own_server

ROUNDS, PEOPLE = 4, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as running:
        yield running


@pytest.fixture
def gates(server: Server, webmail: TestServer, tmp_path: Path) -> Iterator[Fleet]:
    store, upstream = f"postgresql://mailgate@/postgres?host={server.folder}", str(webmail.make_url(""))
    settings: dict[str, Any] = {"workers": 2, "trusted_proxies": ["127.0.0.1/32"]}
    with fleet(tmp_path, upstream, store, policy=EVERYONE, **settings) as running:
        assert wait_for(lambda: all(len(_listening(gate.records())) == 2 for gate in running.gates))
        yield running


def _listening(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in records if each.get("event") == "listening"]


def readyz(gates: Fleet, at: int) -> Any:
    with urlopen(f"{gates.admin(at)}/readyz") as answer:
        return json.load(answer)


def waiting(gates: Fleet, at: int) -> float:
    """The sum over the workers, which is what the shipped alarm looks at."""
    with urlopen(f"{gates.admin(at)}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [
        each for family in families if family.name == "mailgate_ledger_waiting" for each in family.samples
    ]
    assert {each.labels["worker"] for each in samples} == {"0", "1"}
    return sum(each.value for each in samples)


async def ask_everywhere(gates: Fleet, asked: int) -> int:
    """Each person once at each gate, each on a connection of its own, so that all workers get some. Returns how many
    were answered."""
    done = 0
    for at in range(len(gates.gates)):
        for person in range(PEOPLE):
            headers = {
                "User-Agent": LAPTOP,
                "X-Forwarded-User": f"person-{person}",
                "Host": "mail.example.com",
            }
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as client,
                client.get(f"{gates.url(at)}/{asked}", headers=headers) as answer,
            ):
                assert answer.status == 200
                done += 1
    return done


def recorded(server: Server) -> int:
    with psycopg.connect(f"postgresql://mailgate@/postgres?host={server.folder}") as connection:
        row = connection.execute("SELECT coalesce(sum(count), 0) FROM sightings").fetchone()
    return int(row[0]) if row else 0


async def test_after_an_outage_nothing_waits_and_everything_is_written_once(
    gates: Fleet, server: Server
) -> None:
    asked = await ask_everywhere(gates, 0)
    server.stop()
    since: list[set[str | None]] = [set(), set()]
    for number in range(1, ROUNDS + 1):
        asked += await ask_everywhere(gates, number)
        for _ in range(4):
            await asyncio.sleep(0.5)
            for at, seen in enumerate(since):
                told = await asyncio.to_thread(readyz, gates, at)
                if seen or told["ledger"]["refused_since"]:
                    seen.add(told["ledger"]["refused_since"])
    assert [len(seen) for seen in since] == [1, 1], "refused_since moves while the store is down"
    assert all(waiting(gates, at) > 0 for at in (0, 1))
    server.start()
    assert wait_for(lambda: {waiting(gates, at) for at in range(2)} == {0})
    assert [readyz(gates, at)["ledger"]["waiting"] for at in (0, 1)] == [0, 0]
    # a worker whose lines another one has written finds that out when it looks into the folder again
    assert wait_for(lambda: {readyz(gates, at)["ledger"]["refused_since"] for at in (0, 1)} == {None})
    assert recorded(server) == asked
    for gate in gates.gates:
        assert wait_for(lambda gate=gate: _said(gate, "store-back") == _said(gate, "store-down"))
        assert 1 <= _said(gate, "store-down") <= 2, "once by each worker that had something to write"
        backs = [each for each in gate.records() if each.get("event") == "store-back"]
        assert all(each["seconds"] > 0 for each in backs)


def _said(gate: Gate, event: str) -> int:
    """How often the workers of a gate said this of sightings."""
    return sum(each.get("event") == event and each.get("noun") == "sightings" for each in gate.records())

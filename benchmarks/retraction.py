"""Measures how long gates use rules that were taken back: two gates on one PostgreSQL. Run as a module; prints one JSON
object.

Rules that keep laptops out are put in force and taken back, repeatedly, while a laptop sends requests to both gates. A
delay is the time from just before the store takes the rules back to the last answer by the old rules, so it includes
the time of taking back.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from tests.integration.postgres import postgres_server

from benchmarks.agents import LAPTOP
from benchmarks.peers.mailgate import write_config
from benchmarks.processes import free_port, leave_nothing_behind, python_module, serving
from benchmarks.site import serve_site
from mailgate.app.clock import utc_now
from mailgate.config import Rules, compile_rules, load_bundle
from mailgate.rollout import rule_texts_of
from mailgate.rollout.activation import ACTIVATED, retract
from mailgate.rollout.person import Person
from mailgate.store import Act, Store

GATES = 2
PAUSE = 0.005
"""The seconds between two requests to one gate."""
TIMEOUT_SECONDS = 10.0
"""The seconds after which a gate that still uses the old rules is a failure."""
NO_LAPTOPS = """  - {id: no-laptops, when: 'client.kind == "laptop"', effect: block}\n"""


def main(rounds: Annotated[int, typer.Option(help="How often rules are taken back.")] = 10) -> None:
    """Print the delays in seconds, one for each round and gate, and ``retract_s``, the longest of them."""
    leave_nothing_behind()
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as folder, postgres_server() as server:
        url = f"postgresql://mailgate@/postgres?host={server}"
        with gates(Path(folder), url) as ports:
            delays = asyncio.run(take_back(url, ports, Path(folder) / "gate-0" / "mailgate.yaml", rounds))
    print(json.dumps({"retract_s": max(delays), "delays": delays}))


@contextmanager
def gates(folder: Path, url: str) -> Iterator[list[int]]:
    """Run two gates on one store. Yields their ports."""
    with ExitStack() as stack:
        site = stack.enter_context(serve_site(folder))
        ports = []
        for number in range(GATES):
            own, port = folder / f"gate-{number}", free_port()
            own.mkdir()
            settings = {"listen": f"127.0.0.1:{port}", "upstream": f"http://{site.address}", "store": url}
            config = write_config(own, settings)
            command = python_module("mailgate", "run", "--config", str(config))
            stack.enter_context(serving(command, port, own / "log"))
            ports.append(port)
        yield ports


async def take_back(url: str, ports: list[int], config: Path, rounds: int) -> list[float]:
    """The delay of each gate in each round."""
    store, rules, delays = await Store.open(url), load_bundle(config).rules, []
    try:
        async with aiohttp.ClientSession(headers={"User-Agent": LAPTOP}) as client:
            for _ in range(rounds):
                delays += await _round(store, rules, client, ports)
    finally:
        await store.close()
    return delays


async def _round(store: Store, rules: Rules, client: aiohttp.ClientSession, ports: list[int]) -> list[float]:
    act = Act(utc_now(), "operator", ACTIVATED)
    await store.policies.activate(rule_texts_of(without_laptops(rules)), act)
    await asyncio.gather(*(last_other(403, client, port) for port in ports))
    asking = [asyncio.ensure_future(last_other(200, client, port)) for port in ports]
    await asyncio.sleep(0.1)
    told = time.monotonic()
    await retract(store, Person("operator", "here"), "measured", utc_now())
    return [max(0.0, last - told) for last in await asyncio.gather(*asking)]


def without_laptops(rules: Rules) -> Rules:
    """The rules with one more rule at the beginning."""
    text = rules.texts["policy.yaml"].replace("rules:\n", f"rules:\n{NO_LAPTOPS}", 1)
    return compile_rules({**rules.texts, "policy.yaml": text})


async def last_other(status: int, client: aiohttp.ClientSession, port: int) -> float:
    """Request until the answer has this status. Returns the time of the last one with another status. Raises
    TimeoutError."""
    last = 0.0
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            async with client.get(f"http://127.0.0.1:{port}/page.html") as answer:
                await answer.read()
            if answer.status == status:
                return last
            last = time.monotonic()
            await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    typer.run(main)

"""The simplest proxy in Python: an aiohttp server and a ClientSession on uvloop. It decides nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version

from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, python_module, serving
from benchmarks.site import Site


@contextmanager
def start(site: Site) -> Iterator[Running]:
    port = free_port()
    command = python_module("benchmarks.peers.aiohttp_proxy", str(port), f"http://{site.address}")
    with serving(command, port, site.run / "plain-aiohttp.log") as pid:
        yield Running(port, pid)


PEER = Peer("plain_aiohttp", "plain aiohttp proxy", start, partial(version, "aiohttp"))

"""Bytes relayed by Python on uvloop, without reading them: the least cost of any proxy in Python."""

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
    command = python_module("benchmarks.peers.relay_proxy", str(port), site.address)
    with serving(command, port, site.run / "relay.log") as pid:
        yield Running(port, pid)


PEER = Peer("relay", "relay in Python that reads nothing", start, partial(version, "uvloop"))

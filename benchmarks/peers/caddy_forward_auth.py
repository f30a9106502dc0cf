"""Caddy that asks an authorizer about every request (``forward_auth``), like a gate built from parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from benchmarks.peers.authorizer import REFUSED
from benchmarks.peers.caddy import caddy
from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, python_module, serving, version_of
from benchmarks.site import Site


@contextmanager
def start(site: Site) -> Iterator[Running]:
    port = free_port()
    command = python_module("benchmarks.peers.authorizer", str(port))
    with (
        serving(command, port, site.run / "authorizer.log") as authorizer,
        caddy(
            site, "caddy-forward-auth", f"forward_auth 127.0.0.1:{port} {{\n    uri /authorize\n  }}"
        ) as running,
    ):
        yield replace(running, helpers=(authorizer,))


PEER = Peer(
    "caddy_forward_auth",
    "Caddy with forward_auth",
    start,
    partial(version_of, "caddy", "version"),
    refuses=(REFUSED, ""),
)

"""Caddy as a plain reverse proxy: one processor (``GOMAXPROCS=1``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, program, serving, version_of
from benchmarks.site import Site

CADDYFILE = """\
{{
  admin off
  auto_https off
  storage file_system {run}
}}
http://:{port} {{
  bind 127.0.0.1
  {before}
  reverse_proxy {upstream}
}}
"""


@contextmanager
def caddy(site: Site, name: str, before: str) -> Iterator[Running]:
    """A Caddy with the directives ``before`` ahead of the upstream."""
    binary, port, run = program("caddy"), free_port(), site.run / name
    run.mkdir()
    config = run / "Caddyfile"
    config.write_text(CADDYFILE.format(run=run, port=port, before=before, upstream=site.address))
    command = [binary, "run", "--adapter", "caddyfile", "--config", str(config)]
    environment = {"GOMAXPROCS": "1", "XDG_DATA_HOME": str(run), "XDG_CONFIG_HOME": str(run)}
    with serving(command, port, run / "log", environment) as pid:
        yield Running(port, pid)


@contextmanager
def start(site: Site) -> Iterator[Running]:
    with caddy(site, "caddy", "") as running:
        yield running


PEER = Peer("caddy", "Caddy, plain reverse proxy", start, partial(version_of, "caddy", "version"))

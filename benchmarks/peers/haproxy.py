"""HAProxy as a plain reverse proxy: one thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, program, serving, version_of
from benchmarks.site import Site

CONFIG = """\
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend public
  bind 127.0.0.1:{port}
  default_backend site
backend site
  server site {upstream}
"""


@contextmanager
def start(site: Site) -> Iterator[Running]:
    haproxy, port, config = program("haproxy"), free_port(), site.run / "haproxy.cfg"
    config.write_text(CONFIG.format(port=port, upstream=site.address))
    with serving([haproxy, "-db", "-f", str(config)], port, site.run / "haproxy.log") as pid:
        yield Running(port, pid)


PEER = Peer("haproxy", "HAProxy, plain reverse proxy", start, partial(version_of, "haproxy", "-v"))

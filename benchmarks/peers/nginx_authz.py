"""nginx that carries the mail and asks Mailgate about each request, by the configuration in ``deploy/nginx``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.agents import PHONE
from benchmarks.peers.mailgate import write_config
from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import ROOT, free_port, program, python_module, serving, version_of
from benchmarks.site import Site, nginx_config

SHIPPED = ROOT / "deploy" / "nginx" / "forward-auth.conf"


@contextmanager
def start(site: Site, name: str, remember: str) -> Iterator[Running]:
    """``remember``: for how long nginx may go by a yes; empty for not at all."""
    nginx, gate, port, run = program("nginx"), free_port(), free_port(), site.run / name
    run.mkdir()
    asked = {"dialect": "nginx", **({"remember": remember} if remember else {})}
    settings = {"listen": f"127.0.0.1:{gate}", "upstream": f"http://{site.address}", "authz": asked}
    config = write_config(run, {**settings, "trusted_proxies": ["127.0.0.1/32"]})
    (run / "nginx.conf").write_text(nginx_config(run, _servers(site, name, port, gate)))
    with (
        serving(python_module("mailgate", "run", "--config", str(config)), gate, run / "gate.log"),
        serving([nginx, "-e", "stderr", "-c", str(run / "nginx.conf")], port, run / "nginx.log") as pid,
    ):
        yield Running(port, pid)


def _servers(site: Site, name: str, port: int, gate: int) -> str:
    text = SHIPPED.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{gate}")
    text = text.replace("127.0.0.1:9080", site.address).replace(
        "/run/nginx-mailgate", f"{site.run}/{name}/kept"
    )
    return re.sub(r"listen 80;.*", f"listen 127.0.0.1:{port};", text)


def _peer(name: str, title: str, remember: str) -> Peer:
    serve = partial(start, name=name, remember=remember)
    return Peer(name, title, serve, partial(version_of, "nginx", "-v"), refuses=("/page.html", PHONE))


PEER = _peer("nginx_authz", "nginx that asks Mailgate", "")
CACHED = _peer("nginx_authz_cached", "nginx that asks Mailgate, verdicts kept for 2 s", "2s")

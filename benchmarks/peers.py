"""The systems that are compared. Each answers for the same upstream on a port of its own, with one worker or thread."""

import asyncio
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.servers import free_port, serving_by_nginx

from benchmarks import pollers
from benchmarks.gate import fill, write_config
from benchmarks.machine import processor_seconds
from benchmarks.processes import ROOT, configured, program, python_module, serving
from benchmarks.site import Site
from mailgate.attest import mint
from mailgate.attest.jose import Key

IDLE = 0.05
"""The processor seconds in a second of a gate that has nothing to do."""
STORED = 30_000
"""How many phones the gate of the devices knows."""


@dataclass(frozen=True)
class Running:
    """A system that answers on a port. ``pids``: its first process and those of systems that it asks; a gate is the last.
    ``folder``: its files. ``issuer`` signs reports that it believes. ``admin``: its other port, of a gate that is watched."""

    port: int
    pids: tuple[int, ...]
    folder: Path
    issuer: Key | None = None
    admin: int = 0


@contextmanager
def _served_by_nginx(site: Site, name: str, servers: Callable[[int], str]) -> Iterator[Running]:
    port, run = free_port(), site.run / name
    run.mkdir(exist_ok=True)
    program("nginx")
    with serving_by_nginx(run, port, configured("common.conf") + servers(port)) as process:
        yield Running(port, (process.pid,), run)


def _nginx(site: Site, name: str = "nginx") -> AbstractContextManager[Running]:
    return _served_by_nginx(site, name, lambda port: configured(f"{name}.conf", site=site.address, port=port))


@contextmanager
def _peer(site: Site, name: str, config: str, command: str, **values: object) -> Iterator[Running]:
    """Run a program with one of the configurations, on one processor if it is written in Go."""
    port, run = free_port(), site.run / name
    run.mkdir()
    (run / config).write_text(configured(config, site=site.address, port=port, run=run, **values))
    own, (binary, *options) = str(run), command.split()
    settings = {"GOMAXPROCS": "1", "XDG_DATA_HOME": own, "XDG_CONFIG_HOME": own}
    with serving([program(binary), *options, str(run / config)], port, run / "log", settings) as pid:
        yield Running(port, (pid,), run)


_haproxy = partial(_peer, name="haproxy", config="haproxy.cfg", command="haproxy -db -f")
_caddy = partial(_peer, name="caddy", config="Caddyfile", command="caddy run --config", authorizer=0)


@contextmanager
def _caddy_forward_auth(site: Site) -> Iterator[Running]:
    with _nginx(site, "authorizer") as yes, _caddy(site, name="forward-auth", authorizer=yes.port) as running:
        yield replace(running, pids=(*running.pids, *yes.pids))


@contextmanager
def gate(site: Site, name: str = "gate", rules: int = 0, **settings: object) -> Iterator[Running]:
    """``mailgate run`` as it is shipped, with a store of its own, and the shipped rules or as many as ``rules``."""
    port, run = free_port(), site.run / name
    run.mkdir(exist_ok=True)
    own = {"listen": f"127.0.0.1:{port}", "upstream": f"http://{site.address}"}
    config = write_config(run, {**own, **settings}, rules)
    with serving(python_module(site.gate, "run", "--config", str(config)), port, run / "log") as pid:
        yield Running(port, (pid,), run)


@contextmanager
def _gate_with_devices(site: Site) -> Iterator[Running]:
    """A gate that knows ``STORED`` clean phones and believes an issuer of reports."""
    run, issuer = site.run / "gate-devices", mint.make_key(secrets.token_bytes(32), "issuer")
    run.mkdir()
    (run / mint.JWKS_FILE).write_text(mint.jwks(issuer))
    asyncio.run(fill(f"sqlite:///{run}/mailgate.db", range(STORED), datetime.now(UTC)))
    trust = {"issuers": [{"issuer": mint.TEST_ISSUER, "jwks": mint.JWKS_FILE}]}
    with gate(site, run.name, attestation=trust) as running:
        _wait_until_idle(running)
        yield replace(running, issuer=issuer)


@contextmanager
def _gate_with_browsers(site: Site) -> Iterator[Running]:
    """A gate at which the browsers of a company have enrolled."""
    run = site.run / "gate-browsers"
    run.mkdir()
    issuer = asyncio.run(pollers.enrol(f"sqlite:///{run}/mailgate.db"))
    with gate(site, run.name) as running:
        yield replace(running, issuer=issuer)


def _wait_until_idle(running: Running) -> None:
    """A gate that has got many devices works out their rows for the console first."""
    for _ in range(60):
        before = processor_seconds(running.pids)
        time.sleep(1)
        if processor_seconds(running.pids) - before < IDLE:
            return


@contextmanager
def _nginx_asks(site: Site, name: str, remember: str) -> Iterator[Running]:
    """nginx that asks about each request at a Unix socket. ``remember``: how long it may use a yes; empty for not at all."""
    run = site.run / name
    run.mkdir()
    asked = {"listen": f"unix:{run}/questions.sock", "dialect": "nginx"}
    asked |= {"remember": remember} if remember else {}
    shutil.copy(ROOT / "deploy" / "nginx" / "mailgate-unforged.conf", run)
    with (
        TemporaryDirectory(dir="/dev/shm") as kept,
        gate(site, name, authz_listeners=[asked]) as asks,
        _served_by_nginx(site, name, partial(_asking, site, run, remember, kept)) as running,
    ):
        yield replace(running, pids=(*running.pids, *asks.pids))


def _asking(site: Site, run: Path, remember: str, kept: str, port: int) -> str:
    text = (ROOT / "deploy" / "nginx" / "forward-auth.conf").read_text()
    for ours, theirs in {
        r"(upstream mailgate {\n.*\n)  server 127\.0\.0\.1:8080;": rf"\1  server unix:{run}/questions.sock;",
        r"127\.0\.0\.1:9080": site.address,
        r"/run/nginx-mailgate": f"{kept}/verdicts",
        r"default off;": f"default {'mailgate' if remember else 'off'};",
        r"listen 80;.*": f"listen 127.0.0.1:{port};",
    }.items():
        text, found = re.subn(ours, theirs, text)
        assert found == 1, ours
    return text


BEHIND: dict[str, Any] = {"trusted_proxies": ["127.0.0.1/32"], "public_url": "https://mail.example.com"}
"""The settings of a gate behind a proxy that ends TLS. The load is the proxy."""


PEERS: dict[str, tuple[str, Callable[[Site], AbstractContextManager[Running]]]] = {
    "nginx": ("nginx", _nginx),
    "haproxy": ("HAProxy", _haproxy),
    "caddy": ("Caddy", _caddy),
    "caddy_forward_auth": ("Caddy with forward_auth", _caddy_forward_auth),
    "asks": ("nginx that asks", partial(_nginx_asks, name="asks", remember="")),
    "keeps": ("nginx that keeps", partial(_nginx_asks, name="keeps", remember="2s")),
    "gate": ("gate", gate),
    "gate_behind": ("gate", partial(gate, name="gate-behind", **BEHIND)),
    "gate_probing": ("gate", partial(gate, name="gate-probing", probe="require", **BEHIND)),
    "gate_10": ("10 rules", partial(gate, name="gate-10", rules=10)),
    "gate_1000": ("1,000 rules", partial(gate, name="gate-1000", rules=1000)),
    "gate_devices": ("gate", _gate_with_devices),
    "gate_browsers": ("gate", _gate_with_browsers),
}
"""The title of each in tables, and how it is started, which raises NotInstalled if the machine does not have it."""
VERSIONS = {"nginx": "nginx -v", "haproxy": "haproxy -v", "caddy": "caddy version"}
"""The commands that name the versions of those that are not ours."""

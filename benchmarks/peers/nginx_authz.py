"""nginx that carries the mail and asks Mailgate about each request, by the configuration in ``deploy/nginx``, at a Unix socket."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.agents import PHONE
from benchmarks.peers.mailgate import write_config
from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import ROOT, free_port, program, python_module, serving, version_of
from benchmarks.site import Site, nginx_config

MEMORY = Path("/dev/shm")
"""The folder for cached verdicts, in memory as in the shipped configuration."""
SHIPPED = ROOT / "deploy" / "nginx" / "forward-auth.conf"


@contextmanager
def start(site: Site, name: str, remember: str) -> Iterator[Running]:
    """``remember``: how long nginx may use an allowing answer; empty for not at all."""
    nginx, run = program("nginx"), site.run / name
    gate, port, admin = free_port(), free_port(), free_port()
    run.mkdir()
    asked = {"listen": f"unix:{run}/questions.sock", "dialect": "nginx"}
    asked |= {"remember": remember} if remember else {}
    settings = {
        "listen": f"127.0.0.1:{gate}",
        "admin_listen": f"127.0.0.1:{admin}",
        "upstream": f"http://{site.address}",
    }
    config = write_config(run, {**settings, "authz_listeners": [asked]})
    shutil.copy(SHIPPED.with_name("mailgate-unforged.conf"), run)
    with (
        TemporaryDirectory(dir=MEMORY) as kept,
        serving(
            python_module("mailgate", "run", "--config", str(config)), gate, run / "gate.log"
        ) as asked_pid,
    ):
        servers = _servers(site, run, port, "mailgate" if remember else "off", kept)
        (run / "nginx.conf").write_text(nginx_config(run, servers))
        command = [nginx, "-e", "stderr", "-c", str(run / "nginx.conf")]
        with serving(command, port, run / "nginx.log") as pid:
            yield Running(port, pid, (asked_pid,), admin)


def _servers(site: Site, run: Path, port: int, keeping: str, kept: str) -> str:
    text = SHIPPED.read_text()
    for ours, theirs in (
        (r"server 127\.0\.0\.1:8080;", f"server unix:{run}/questions.sock;"),
        (r"127\.0\.0\.1:9080", site.address),
        (r"/run/nginx-mailgate", f"{kept}/verdicts"),
        (r"default off;", f"default {keeping};"),
        (r"listen 80;.*", f"listen 127.0.0.1:{port};"),
    ):
        text, found = re.subn(ours, theirs, text)
        assert found == 1, ours
    return text


def _peer(name: str, title: str, remember: str) -> Peer:
    serve = partial(start, name=name, remember=remember)
    return Peer(name, title, serve, partial(version_of, "nginx", "-v"), refuses=("/page.html", PHONE))


PEER = _peer("nginx_authz", "nginx that asks Mailgate", "")
CACHED = _peer("nginx_authz_cached", "nginx that asks Mailgate, verdicts kept for 2 s", "2s")

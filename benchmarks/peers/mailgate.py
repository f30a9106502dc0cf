"""The gate as it is shipped: ``mailgate run`` with the policy of ``config/`` and a store of its own."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.agents import PHONE
from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import ROOT, free_port, python_module, serving
from benchmarks.site import Site
from mailgate import __version__

PUBLIC_URL = "http://mail.example.com"
SHIPPED = ROOT / "config"


@contextmanager
def start(site: Site, name: str = "mailgate", **settings: object) -> Iterator[Running]:
    port, admin, run = free_port(), free_port(), site.run / name
    run.mkdir()
    addresses = {"listen": f"127.0.0.1:{port}", "admin_listen": f"127.0.0.1:{admin}"}
    config = write_config(run, {**addresses, "upstream": f"http://{site.address}", **settings})
    command = python_module("mailgate", "run", "--config", str(config))
    with serving(command, port, run / "log") as pid:
        yield Running(port, pid, admin=admin)


def write_config(directory: Path, settings: Mapping[str, object]) -> Path:
    """Write settings for the shipped rules and apps (JSON is YAML). Returns the path of the file."""
    common = {
        "public_url": PUBLIC_URL,
        "hosts": ["127.0.0.1"],
        "admin_listen": "127.0.0.1:0",
        "store": f"sqlite:///{directory}/mailgate.db",
        "files": {"apps": str(SHIPPED / "apps.yaml"), "policy": str(SHIPPED / "policy.yaml")},
    }
    path = directory / "mailgate.yaml"
    path.write_text(json.dumps({**common, **settings}))
    return path


PEER = Peer("mailgate", "Mailgate, decisions on", start, lambda: __version__, refuses=("/page.html", PHONE))
BEHIND_PROXY = Peer(
    "mailgate_behind",
    "Mailgate behind a trusted proxy",
    partial(start, name="mailgate-behind", trusted_proxies=["127.0.0.1/32"]),
    lambda: __version__,
)
"""The load is the proxy, and forwards the address of each request."""
TWO_WORKERS = Peer(
    "mailgate_two",
    "Mailgate with two workers",
    partial(start, name="mailgate-two", workers=2),
    lambda: __version__,
)
"""Load, webmail and both workers share the processors, so the processor time of a request says more than the rate."""

"""mitmproxy (mitmdump) as a reverse proxy, without its log."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, program, serving, version_of
from benchmarks.site import Site


@contextmanager
def start(site: Site) -> Iterator[Running]:
    mitmdump, port = program("mitmdump"), free_port()
    command = [mitmdump, "--quiet", "--mode", f"reverse:http://{site.address}", "--listen-host", "127.0.0.1"]
    command += ["--listen-port", str(port), "--set", f"confdir={site.run / 'mitmproxy'}"]
    with serving(command, port, site.run / "mitmproxy.log", {"PYTHONPATH": ""}) as pid:
        yield Running(port, pid)


PEER = Peer("mitmproxy", "mitmproxy, reverse mode", start, partial(version_of, "mitmdump", "--version"))

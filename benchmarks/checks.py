"""Checks before the measurement: every system answers with the right bytes, and refuses what it must."""

import hashlib
from http.client import HTTPConnection

from benchmarks.agents import LAPTOP
from benchmarks.peers import Peer
from benchmarks.site import Site
from benchmarks.transfers import WrongAnswer, upload


def check(peer: Peer, port: int, site: Site) -> None:
    """Check the answers of a system. Raises WrongAnswer with the system's name."""
    _expect(peer, "a page", get(port, "/page.html", LAPTOP), (200, site.page))
    if peer.refuses:
        path, agent = peer.refuses
        _expect(peer, "a request that it must refuse", get(port, path, agent or LAPTOP)[0], 403)


def check_transfers(peer: Peer, port: int, site: Site) -> None:
    """Check that a large body is passed on completely. Raises WrongAnswer."""
    _expect(peer, "a download", get(port, "/large.bin", LAPTOP), (200, site.large))
    upload(port, site)
    _expect(peer, "an upload", site.uploaded(), hashlib.sha256(site.large).hexdigest())


def get(port: int, path: str, agent: str) -> tuple[int, bytes]:
    """The status and the body of one GET."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"User-Agent": agent})
    with connection.getresponse() as answer:
        body = answer.read()
    connection.close()
    return answer.status, body


def _expect(peer: Peer, what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise WrongAnswer(f"{peer.title} answers {what} wrongly: {str(got)[:200]}")

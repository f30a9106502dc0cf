"""Large transfers over one connection, in MiB a second, and what they do to a process's memory."""

import time
from http.client import HTTPConnection

from benchmarks.agents import LAPTOP
from benchmarks.site import MiB, Site

BLOCK = MiB


class WrongAnswer(Exception):
    """A system that does not hand on what the upstream or the client has sent."""


def download(port: int, site: Site) -> float:
    """Raises WrongAnswer where the length is wrong; `checks` has compared the content before."""
    buffer, length, started = bytearray(BLOCK), 0, time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/large.bin", headers={"User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        while count := answer.readinto(buffer):
            length += count
    elapsed = time.perf_counter() - started
    connection.close()
    if answer.status != 200 or length != len(site.large):
        raise WrongAnswer(f"a download of {length} bytes with status {answer.status}")
    return len(site.large) / MiB / elapsed


def upload(port: int, site: Site) -> float:
    """PUT to the upstream, which keeps it in a file. Raises WrongAnswer where that is refused."""
    started = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("PUT", "/upload/large.bin", body=site.large, headers={"User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        answer.read()
    elapsed = time.perf_counter() - started
    connection.close()
    if answer.status not in (201, 204):
        raise WrongAnswer(f"an upload was answered with status {answer.status}")
    return len(site.large) / MiB / elapsed

"""Large transfers over one connection, in MiB per second, and their effect on a process's memory."""

import time
from http.client import HTTPConnection

from benchmarks.agents import LAPTOP
from benchmarks.site import MiB, Site

BLOCK = MiB


class WrongAnswer(Exception):
    """A system did not pass on what the upstream or the client has sent."""


def download(port: int, site: Site) -> float:
    """Download a file. Raises WrongAnswer if the length is wrong; `checks` has compared the content before."""
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
    """PUT a file to the upstream, which stores it. Raises WrongAnswer if it is refused."""
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

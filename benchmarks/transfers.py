"""Large transfers over one connection, in MiB a second."""

import hashlib
import time
from http.client import HTTPConnection

from benchmarks.people import LAPTOP
from benchmarks.site import LARGE_BYTES, MiB, Site


class WrongAnswer(Exception):
    """A system did not pass on what the upstream or the client has sent."""


def check(port: int, site: Site) -> None:
    """Compare every byte once. Raises WrongAnswer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/large.bin", headers={"User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        if answer.read() != site.large:
            raise WrongAnswer("a download arrived with other bytes")
    connection.close()
    upload(port, site)
    if site.uploaded() != hashlib.sha256(site.large).hexdigest():
        raise WrongAnswer("an upload arrived with other bytes")


def download(port: int, site: Site) -> float:
    """Download a file. Raises WrongAnswer if the length is wrong."""
    buffer, length, started = bytearray(MiB), 0, time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/large.bin", headers={"User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        while count := answer.readinto(buffer):
            length += count
    elapsed = time.perf_counter() - started
    connection.close()
    if answer.status != 200 or length != len(site.large):
        raise WrongAnswer(f"a download of {length} bytes with status {answer.status}")
    return LARGE_BYTES / MiB / elapsed


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
    return LARGE_BYTES / MiB / elapsed

"""Single requests: small ones, and large transfers over one connection."""

import socket
import time
from http.client import HTTPConnection, HTTPResponse

from benchmarks.people import LAPTOP
from benchmarks.site import LARGE_BYTES, MiB, Site
from benchmarks.wrk import WrongAnswer

KINDS = ("download", "upload")


def answer_to(port: int, request: bytes) -> HTTPResponse:
    """The answer to one request on a connection of its own, read to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        answer = HTTPResponse(connection, method=request.partition(b" ")[0].decode())
        answer.begin()
        answer.read()
        return answer


def transfer(kind: str, port: int, site: Site) -> float:
    """GET a file, or PUT one that the upstream stores. Returns MiB a second. Raises WrongAnswer if not all of it came."""
    up, large, uploaded = kind == "upload", site.root / "large.bin", site.root / "upload" / "large.bin"
    address, body = ("/upload/large.bin", large.read_bytes()) if up else ("/large.bin", None)
    buffer, started = bytearray(MiB), time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("PUT" if up else "GET", address, body, {"User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        came = sum(iter(lambda: answer.readinto(buffer), 0))
    elapsed = time.perf_counter() - started
    connection.close()
    wanted, arrived = ((201, 204), uploaded.stat().st_size) if up else ((200,), came)
    if answer.status not in wanted or arrived != LARGE_BYTES:
        raise WrongAnswer(f"an {kind} of {arrived} bytes was answered with {answer.status}")
    return LARGE_BYTES / MiB / elapsed

"""Phones that are refused, each request with a new user agent. Pure."""

from base64 import b64encode
from collections.abc import Iterator
from itertools import count

from benchmarks.traffic.browsers import PAGE, XHR
from benchmarks.traffic.people import people
from benchmarks.traffic.writing import HOST, ROUND, lines

SAFARI = (
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_%d_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    b" Version/18.6 Mobile/15E%d Safari/604.1"
)
MAIL_APP = b"Apple-iPhone16C%d/2207.%d.%d"
DEVICES = 100
"""The number of phones with mail apps: few, so that their stored data is in memory and only the refusal is timed."""
FOLDER_SYNC = b"\x03\x01\x6a\x00\x00\x07\x56\x52\x03\x30\x00\x01\x01"
"""A FolderSync from the beginning (MS-ASCMD 2.2.1.4), in WBXML."""


def page(turn: int) -> Iterator[bytes]:
    """Browsers, which get the page with the reason."""
    return _browsers(turn, PAGE)


def problem(turn: int) -> Iterator[bytes]:
    """Scripts of a webmail, which get a problem document."""
    return _browsers(turn, XHR | {"Accept": "application/json"})


def activesync(turn: int) -> Iterator[bytes]:
    """Mail apps, which get the status that ends the sync."""
    own = [_device(number) for number in range(DEVICES)]
    for number in count(turn * ROUND):
        before, after = own[number % DEVICES]
        yield before + MAIL_APP % _version(number) + after


def _browsers(turn: int, fields: dict[str, str]) -> Iterator[bytes]:
    own = [
        lines({**fields, "Accept-Language": user.language, "Cookie": user.cookie}) + b"\r\n"
        for user in people()
    ]
    for number in count(turn * ROUND):
        target = b"GET /mail/1.html?_uid=%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: " % (number, HOST.encode())
        yield target + SAFARI % _version(number) + b"\r\n" + own[number % len(own)]


def _device(number: int) -> tuple[bytes, bytes]:
    """The two parts of a phone's request with its user agent between them."""
    login = b64encode(f"user{number}@example.com:password".encode()).decode()
    target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=user{number}&DeviceId=F00D{number:028X}&DeviceType=iPhone"
    before = f"POST {target} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: ".encode()
    after = {
        "Authorization": f"Basic {login}",
        "MS-ASProtocolVersion": "16.1",
        "Content-Type": "application/vnd.ms-sync.wbxml",
        "Content-Length": str(len(FOLDER_SYNC)),
    }
    return before, b"\r\n" + lines(after) + b"\r\n" + FOLDER_SYNC


def _version(number: int) -> tuple[int, int, int]:
    return number // 1_000_000 % 1000, number // 1000 % 1000, number % 1000

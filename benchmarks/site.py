"""The upstream of every system: one nginx that answers like a webmail, serves a large file, and takes uploads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.servers import free_port, serving_by_nginx

from benchmarks.mixes import FILES, UNCHANGED
from benchmarks.processes import program

KiB, MiB = 1024, 1024 * 1024
LARGE_BYTES = 64 * MiB
MEANS = {"mail": ("html", 8 * KiB), "xhr": ("json", 900), "live": ("json", 900), "assets": ("js", 6000)}
"""The files of the webmail: their form, and their average length in bytes, from half of which to one and a half they have."""

COMMON = """\
  types { text/html html; application/json json; text/javascript js; }
  default_type text/html;
  sendfile on;
  client_max_body_size 0;
  keepalive_requests 100000000;
"""
"""What all nginxes of a run have in common."""

SITE = """\
  open_file_cache max=1000;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location /upload/ {{ dav_methods PUT; }}
    location /Microsoft-Server-ActiveSync {{ return 200; }}
    location /mail/ {{ {own} }}
    location /xhr/ {{ {own} }}
    location /slow/ {{ alias {root}/mail/; limit_rate 200; }}
    location /live/ {{ ssi on; ssi_types application/json; {own} }}
    location /post/ {{ default_type application/json; return 200 '{{"action": "mark", "of": "$request_id"}}'; {own} }}
    location /go/ {{ return 302 /mail/1.html?_unique=$request_id; {own} }}
    location /head/ {{ return 200; {own} }}
    location /dav/ {{ default_type application/xml; return 207 '<multistatus xmlns="DAV:"><a>$request_id</a></multistatus>'; }}
    location /assets/ {{ add_header Cache-Control "private, max-age=60"; }}
  }}
"""

OWN = "".join(
    f'add_header {name} "{value}"; '
    for name, value in (
        ("Set-Cookie", "roundcube_sessid=$request_id; path=/; HttpOnly"),
        ("Expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
        ("Cache-Control", "private, no-cache, no-store, must-revalidate"),
        ("Pragma", "no-cache"),
        ("X-DNS-Prefetch-Control", "off"),
        ("Content-Language", "en"),
        ("Referrer-Policy", "same-origin"),
        ("X-Frame-Options", "sameorigin"),
    )
)
"""The fields of a webmail's answers, none of which is like another. Answers below ``/live/`` are chunked besides: their
length is not known in advance."""


@dataclass(frozen=True)
class Site:
    """``run``: a folder for the files of servers. ``root``: what it serves. ``gate``: the module that runs a gate in front."""

    run: Path
    root: Path
    port: int
    large: bytes
    gate: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def uploaded_bytes(self) -> int:
        return (self.root / "upload" / "large.bin").stat().st_size


@contextmanager
def serve_site(run: Path, gate: str = "mailgate") -> Iterator[Site]:
    """Run the upstream. Raises NotInstalled, NotStarted."""
    program("nginx")
    port, root = free_port(), run / "www"
    (root / "upload").mkdir(parents=True)
    large = os.urandom(MiB) * (LARGE_BYTES // MiB)
    (root / "large.bin").write_bytes(large)
    _write_files(root)
    with serving_by_nginx(run, port, COMMON + SITE.format(port=port, root=root, own=OWN)):
        yield Site(run, root, port, large, gate)


def _write_files(root: Path) -> None:
    changed = parsedate_to_datetime(UNCHANGED).timestamp()
    line = b"<p>A line of an ordinary answer, which differs from others in its length.</p>\n"
    for folder, (form, mean) in MEANS.items():
        (root / folder).mkdir()
        for number in range(FILES):
            path, size = root / folder / f"{number}.{form}", mean // 2 + mean * number // (FILES - 1)
            path.write_bytes((line * (size // len(line) + 1))[:size])
            os.utime(path, (changed, changed))

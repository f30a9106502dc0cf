"""The upstream of every system: one nginx with a page, a large file, a place that takes uploads, and WebSockets."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import free_port, program, python_module, serving
from benchmarks.traffic import files

KiB, MiB = 1024, 1024 * 1024
PAGE_BYTES = 8 * KiB
LARGE_BYTES = 64 * MiB

NGINX = """\
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off;
  types {{ text/html html; application/json json; text/javascript js; }}
  default_type text/html;
  sendfile on;
  keepalive_requests 100000000;
  client_max_body_size 0;
  client_body_temp_path {run}/body;
  proxy_temp_path {run}/proxy;
  fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi;
  scgi_temp_path {run}/scgi;
{servers}
}}
"""
"""The common configuration of both nginxes of a run: without the keep-alive limit, wrk would count reconnects as
load."""

SITE = """\
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location /upload/ {{ dav_methods PUT; }}
    location /Microsoft-Server-ActiveSync {{ return 200; }}
    location /socket {{ proxy_pass http://127.0.0.1:{sockets}; {upgrade} }}
    location /mail/ {{ {own} }}
    location /xhr/ {{ {own} }}
    location /live/ {{ ssi on; ssi_types application/json; {own} }}
    location /post/ {{ default_type application/json; return 200 '{{"action": "mark", "of": "$request_id"}}'; {own} }}
    location /assets/ {{ add_header Cache-Control "private, max-age=60"; }}
  }}
"""

OWN = 'add_header Set-Cookie "roundcube_sessid=$request_id; path=/; HttpOnly"; add_header Cache-Control "private, no-cache";'
"""Makes all answers different. Those below ``/live/`` are chunked besides, because their length is not known in
advance."""
UPGRADE = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
)
"""Lets an nginx forward a WebSocket."""


@dataclass(frozen=True)
class Site:
    """``run``: a directory for the files of servers. ``root``: the files that the upstream serves."""

    run: Path
    root: Path
    port: int
    page: bytes
    large: bytes

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def uploaded(self) -> str:
        """The SHA-256 of the last upload."""
        with (self.root / "upload" / "large.bin").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def nginx_config(run: Path, servers: str) -> str:
    # a worker of another user could not read a directory made for this one
    user = "user root;" if os.geteuid() == 0 else ""
    return NGINX.format(run=run, user=user, servers=servers)


@contextmanager
def serve_site(run: Path) -> Iterator[Site]:
    """Run the upstream. Raises NotInstalled, NotStarted."""
    nginx, port, root = program("nginx"), free_port(), run / "www"
    (root / "upload").mkdir(parents=True)
    page, large = _page(), os.urandom(MiB) * (LARGE_BYTES // MiB)
    (root / "page.html").write_bytes(page)
    (root / "large.bin").write_bytes(large)
    files.write(root)
    config, sockets = run / "nginx.conf", free_port()
    servers = SITE.format(port=port, root=root, sockets=sockets, upgrade=UPGRADE, own=OWN)
    config.write_text(nginx_config(run, servers))
    with (
        serving(python_module("benchmarks.echo", str(sockets)), sockets, run / "echo.log"),
        serving([nginx, "-e", "stderr", "-c", str(config)], port, run / "site.log"),
    ):
        yield Site(run, root, port, page, large)


def _page() -> bytes:
    lines = [b"<!doctype html><title>Inbox</title>\n"]
    lines += [
        b"<p>Message %04d of an ordinary mailbox, with an ordinary subject.</p>\n" % i for i in range(200)
    ]
    return b"".join(lines)[:PAGE_BYTES]

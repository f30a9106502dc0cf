"""A real nginx as the upstream: static files with ranges, entity tags, conditional answers and gzip."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.servers import free_port, listens, require, running

CONFIG = """\
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off;
  default_type application/octet-stream;
  types {{ text/html html; text/plain txt; application/json json; }}
  gzip on;
  gzip_types text/plain application/json;
  gzip_min_length 256;
  gzip_proxied any;
  client_max_body_size 0;
  client_body_temp_path {run}/body;
  proxy_temp_path {run}/proxy;
  fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi;
  scgi_temp_path {run}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {run}/www;
    etag on;
    location /moved {{ return 301 /page.html; }}
    {further}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """``url``: where it answers. ``root``: the directory it serves; write files into it at any time."""

    url: str
    root: Path


@contextmanager
def nginx(run: Path, further: str = "") -> Iterator[Nginx]:
    """nginx with ``page.html``, ``text.txt`` (long enough for gzip), ``blob.bin`` (1 MiB), and ``further`` settings."""
    require("nginx")
    port = free_port()
    root = run / "www"
    root.mkdir(parents=True)
    (root / "page.html").write_text("<!doctype html><title>page</title><p>An ordinary page.</p>\n")
    (root / "text.txt").write_text("The same line again.\n" * 500)
    (root / "blob.bin").write_bytes(bytes(range(256)) * 4096)
    config = run / "nginx.conf"
    # a worker of another user could not read pytest's own directories
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(CONFIG.format(run=run, port=port, user=user, further=further))
    with running(
        ["/usr/sbin/nginx", "-e", "stderr", "-c", config], ready=listens(port), log=run / "nginx.out"
    ):
        yield Nginx(f"http://127.0.0.1:{port}", root)


@pytest.fixture(scope="session")
def nginx_upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server

"""A real nginx: as the upstream, with ranges, entity tags and gzip; and before a gate, as the end of TLS."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.servers import free_port, require_or_skip, serving_by_nginx

COMPRESSED = """
default_type application/octet-stream;
types { text/html html; text/plain txt; application/json json; }
client_max_body_size 0;
gzip on;
gzip_types text/plain application/json;
gzip_min_length 256;
gzip_proxied any;
"""
FILES = """
    listen 127.0.0.1:{port};
    root {run}/www;
    etag on;
    location /moved {{ return 301 /page.html; }}
    {further}
"""
TLS = """
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {files}/cert.pem;
    ssl_certificate_key {files}/cert.key;
    ssl_verify_client optional_no_ca;
    location / {{
      proxy_pass {gate};
      proxy_set_header Host $http_host;
      proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
      {further}
    }}
"""


@dataclass(frozen=True)
class Nginx:
    """``url``: its address. ``root``: the directory that it serves; tests may write files into it at any time."""

    url: str
    root: Path


@contextmanager
def nginx(run: Path, further: str = "") -> Iterator[Nginx]:
    """nginx with ``page.html``, ``text.txt`` (long enough for gzip), ``blob.bin`` (1 MiB), and ``further`` settings."""
    require_or_skip("nginx")
    port = free_port()
    root = run / "www"
    root.mkdir(parents=True)
    (root / "page.html").write_text("<!doctype html><title>page</title><p>An ordinary page.</p>\n")
    (root / "text.txt").write_text("The same line again.\n" * 500)
    (root / "blob.bin").write_bytes(bytes(range(256)) * 4096)
    with _serving(run, port, FILES.format(run=run, port=port, further=further)):
        yield Nginx(f"http://127.0.0.1:{port}", root)


@contextmanager
def nginx_before(gate: str, run: Path, files: Path, further: str = "") -> Iterator[str]:
    """nginx that ends TLS with ``cert.pem`` of ``files`` and passes on any client certificate, with ``further`` settings. Yields its
    address."""
    require_or_skip("nginx")
    port = free_port()
    run.mkdir()
    with _serving(run, port, TLS.format(port=port, files=files, gate=gate, further=further)):
        yield f"https://127.0.0.1:{port}"


def _serving(run: Path, port: int, server: str) -> AbstractContextManager[object]:
    return serving_by_nginx(run, port, f"{COMPRESSED} server {{ {server} }}")


@pytest.fixture(scope="session")
def nginx_upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server

"""The nginx fixture by itself: it answers with what a proxy must hand on untouched."""

import http.client
from urllib.parse import urlsplit

import pytest
from tests.integration.nginx import Nginx, nginx_upstream
from tests.servers import PATIENCE

__all__ = ["nginx_upstream"]


@pytest.mark.parametrize(
    ("path", "headers", "status", "expected"),
    [
        ("/page.html", {}, 200, {"Content-Type": "text/html", "Accept-Ranges": "bytes"}),
        ("/blob.bin", {"Range": "bytes=256-511"}, 206, {"Content-Range": "bytes 256-511/1048576"}),
        ("/blob.bin", {"Range": "bytes=9999999-"}, 416, {"Content-Range": "bytes */1048576"}),
        ("/text.txt", {"Accept-Encoding": "gzip"}, 200, {"Content-Encoding": "gzip"}),
        ("/text.txt", {"If-Match": '"other"'}, 412, {}),
        ("/moved", {}, 301, {}),
    ],
)
def test_nginx_answers_as_expected(
    nginx_upstream: Nginx, path: str, headers: dict[str, str], status: int, expected: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection(urlsplit(nginx_upstream.url).netloc, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == status
    assert expected.items() <= dict(response.getheaders()).items()

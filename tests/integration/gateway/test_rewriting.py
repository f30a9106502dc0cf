"""An upstream that names its own origin is made to name the public one; nothing else is touched."""

import pytest
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Response

PUBLIC = "http://mail.example.com"


async def answered(connect: Connect, upstream: Upstream, field: str, status: str = "302 Found") -> Response:
    upstream.play(f"HTTP/1.1 {status}\r\n{field}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
    wire = await connect()
    await wire.send(request(b"GET / HTTP/1.1"))
    return await wire.final()


OWN = ["/", "/a/b?c=d&e#f", "/%2e%2e%2F?", "?q=1", "//a", "/?next={origin}/x", "/a:80@b"]


@pytest.mark.parametrize("rest", OWN)
@pytest.mark.parametrize("name", ["Location", "Content-Location", "location"])
async def test_the_own_origin_becomes_public(
    connect: Connect, upstream: Upstream, origin_url: str, name: str, rest: str
) -> None:
    response = await answered(connect, upstream, f"{name}: {origin_url}{rest.format(origin=origin_url)}")
    assert response.values(name) == [f"{PUBLIC}{rest.format(origin=origin_url)}".encode()]


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "301 x", "303 x", "307 x", "308 x", "202 x"])
async def test_a_location_is_rewritten_with_every_status(
    connect: Connect, upstream: Upstream, origin_url: str, status: str
) -> None:
    response = await answered(connect, upstream, f"Location: {origin_url}/x", status)
    assert response.values("Location") == [f"{PUBLIC}/x".encode()]


async def test_scheme_and_host_are_compared_without_case(
    connect: Connect, upstream: Upstream, origin_url: str
) -> None:
    response = await answered(connect, upstream, f"Location: {origin_url.replace('http', 'HTTP')}/X")
    assert response.values("Location") == [f"{PUBLIC}/X".encode()]


async def test_an_origin_without_a_path_is_rewritten(
    connect: Connect, upstream: Upstream, origin_url: str
) -> None:
    response = await answered(connect, upstream, f"Location: {origin_url}")
    assert response.values("Location")[0].rstrip(b"/") == PUBLIC.encode()


async def test_an_origin_without_a_scheme_is_rewritten(
    connect: Connect, upstream: Upstream, origin_url: str
) -> None:
    response = await answered(connect, upstream, f"Location: {origin_url.removeprefix('http:')}/x")
    assert response.values("Location") in ([b"//mail.example.com/x"], [f"{PUBLIC}/x".encode()])


FOREIGN = ["/", "/a%2Fb?c#d", "a", "../a", "./", "?q", "#f", "", "//other.example/x", "https://sso.example/?next={origin}/x", "http://other.example/", "mailto:a@b",
           "{origin}0/x", "{origin}.evil.example/", "{origin}@evil.example/", "http://evil.example@{host}/", "http://127.0.0.1/", "http://127.0.0.1:1/", "ftp://{host}/",
           "x{origin}/", "/{origin}/", "http:/x", "http:", "http:///x", "\xe9", "http://[::1", "http://mail.example.com/x", "javascript:1", "http://127.0.0.1:99999/"]  # fmt: skip


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("name", ["Location", "Content-Location", "X-Location", "Link", "Referer"])
async def test_the_rest_is_left_alone(
    connect: Connect, upstream: Upstream, origin_url: str, name: str, value: str
) -> None:
    value = value.format(origin=origin_url, host=origin_url.removeprefix("http://"))
    response = await answered(connect, upstream, f"{name}: {value}")
    assert response.values(name) == [value.encode("latin-1")]


COOKIES_OF_THE_UPSTREAM = [
    "a=b; Domain=127.0.0.1",
    "a=b; domain=127.0.0.1; Path=/; HttpOnly",
    "a=b;DOMAIN=127.0.0.1;Secure",
    "a=b; Domain=.127.0.0.1; SameSite=Lax",
    "a=b; Domain = 127.0.0.1 ",
]


@pytest.mark.parametrize("cookie", COOKIES_OF_THE_UPSTREAM)
async def test_a_cookie_for_the_upstream_s_host_is_for_ours(
    connect: Connect, upstream: Upstream, cookie: str
) -> None:
    (value,) = (await answered(connect, upstream, f"Set-Cookie: {cookie}")).values("Set-Cookie")
    parts = [part.strip() for part in value.decode().split(";")]
    domains = [p.partition("=")[2].strip() for p in parts if p.lower().partition("=")[0].strip() == "domain"]
    assert domains in ([], ["mail.example.com"])
    others = [part.strip() for part in cookie.split(";") if "omain" not in part and "DOMAIN" not in part]
    assert [p for p in parts if not p.lower().startswith("domain")] == others


COOKIES_LEFT_ALONE = ["a=b", "a=b; Path=/; Expires=Tue, 15 Nov 1994 08:12:31 GMT", "a=b; Domain=example.com", "a=b; Domain=127.0.0.1.example.com", "a=b; Domain=27.0.0.1", "a=Domain=127.0.0.1; Path=/",
                      "Domain=127.0.0.1; Path=/", "a=b;;Path=/;  HttpOnly", "a=\xe9; X-Domain=127.0.0.1", "a", "", "=b", "a=b; Domain=", "a=b; Domain", "a=b; Path=/; Domain=mail.example.com",
                      'a="b; c"; Partitioned']  # fmt: skip


@pytest.mark.parametrize("cookie", COOKIES_LEFT_ALONE)
async def test_other_cookies_are_left_alone(connect: Connect, upstream: Upstream, cookie: str) -> None:
    response = await answered(connect, upstream, f"Set-Cookie: {cookie}")
    assert response.values("Set-Cookie") == [cookie.encode("latin-1")]


async def test_each_of_several_cookies_is_rewritten_by_itself(connect: Connect, upstream: Upstream) -> None:
    response = await answered(
        connect,
        upstream,
        "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Domain=127.0.0.1\r\nX-A: b\r\nSet-Cookie: a=1; Path=/",
    )
    cookies = response.values("Set-Cookie")
    assert cookies[0] == cookies[2] == b"a=1; Path=/"
    assert cookies[1] in (b"b=2", b"b=2; Domain=mail.example.com")

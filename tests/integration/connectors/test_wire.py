"""What a source may cost: time, size, and who it is allowed to be."""

import asyncio
import ssl

import pytest
from aiohttp import web
from tests.integration.connectors.api import serving
from tests.integration.test_tls import write_certificate
from tests.servers import PATIENCE, free_port

from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiRequest, HttpsWire

KIB = 1024


async def asked(wire, url):
    try:
        return await wire.ask(ApiRequest("GET", url))
    finally:
        await wire.close()


async def trouble(wire, url):
    with pytest.raises(SourceError) as caught:
        await asked(wire, url)
    assert url not in str(caught.value)
    return caught.value.trouble


async def test_headers_of_an_answer_are_found_in_small_letters():
    async def hello(request):
        return web.json_response({"agent": request.headers["User-Agent"]}, headers={"X-Total": "1"})

    async with serving(hello) as origin:
        answer = await asked(HttpsWire(PATIENCE, KIB), f"{origin}/a%2Fb?x=%20y")
    assert (answer.status, answer.body) == (200, b'{"agent": "mailgate"}')
    assert answer.headers["x-total"] == "1"


async def test_the_url_is_sent_as_it_stands():
    async def raw(request):
        return web.Response(text=request.raw_path)

    async with serving(raw) as origin:
        assert (
            await asked(HttpsWire(PATIENCE, KIB), f"{origin}/a%2Fb?x=%20y&$s=1")
        ).body == b"/a%2Fb?x=%20y&$s=1"


async def test_a_redirect_is_an_answer():
    async def there(_):
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})

    async with serving(there) as origin:
        assert (await asked(HttpsWire(PATIENCE, KIB), origin)).status == 302


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_long_answer_is_cut_off(compressed):
    async def long(_):
        response = web.Response(body=b"x" * (4 * KIB * KIB))
        if compressed:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async with serving(long) as origin:
        assert await trouble(HttpsWire(PATIENCE, KIB), origin) is Trouble.TOO_BIG


async def test_an_answer_that_does_not_come_is_given_up():
    async def never(_):
        await asyncio.sleep(60)

    async with serving(never) as origin:
        assert await trouble(HttpsWire(0.05, KIB), origin) is Trouble.TIMEOUT


async def test_a_proxy_on_the_way_is_asked_for_it():
    async def proxy(request):
        return web.Response(text=f"{request.method} {request.path_qs} of {request.host}")

    async with serving(proxy) as origin:
        wire = HttpsWire(PATIENCE, KIB, proxy=origin)
        assert (await asked(wire, "http://mdm.example.com/a?b=1")).body == b"GET /a?b=1 of mdm.example.com"


async def test_a_closed_port_is_unreachable():
    assert await trouble(HttpsWire(PATIENCE, KIB), f"http://127.0.0.1:{free_port()}/") is Trouble.UNREACHABLE


async def test_only_a_certificate_that_is_trusted_will_do(tmp_path):
    async def hello(_):
        return web.Response(text="hello")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    write_certificate(tmp_path, "mdm.example.com")
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with serving(hello, context) as origin:
        assert await trouble(HttpsWire(PATIENCE, KIB), origin) is Trouble.CERTIFICATE
        assert (await asked(HttpsWire(PATIENCE, KIB, tmp_path / "cert.pem"), origin)).body == b"hello"

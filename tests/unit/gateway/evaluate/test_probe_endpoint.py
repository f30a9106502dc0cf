"""The addresses that the probe's page posts to."""

import json

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, gate
from tests.unit.gateway.wire import exchange, handled

from mailgate.gateway.evaluate.browser_probe import BrowserProbe, Mode
from mailgate.gateway.handler import Gate
from mailgate.store import SharedKey

MAC = b"User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
IPHONE = (
    b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
)
JSON = b"Content-Type: application/json"
OWN = b"Sec-Fetch-Site: same-origin"
READINGS = {
    "touch_points": 5, "pointer": "coarse", "hover": False, "any_fine": False, "any_hover": False, "platform": "MacIntel",
    "width": 1024, "height": 1366, "mobile": None, "system": "", "form_factors": [], "model": "",
}  # fmt: skip


def probing(mode: Mode = Mode.REQUIRE) -> Gate:
    return gate(browser_probe=BrowserProbe(mode, keys=[SharedKey(1, b"k" * 32, NOW)]))


async def post(on: Gate, *fields: bytes, body: bytes | None = None, path: str = "/.mailgate/probe"):
    """The status, the header fields and the body of the answer."""
    content = json.dumps(READINGS).encode() if body is None else body
    line = f"POST {path} HTTP/1.1".encode()
    asked = exchange(line, *fields, b"Content-Length: %d" % len(content), body=content)
    await handled(on, asked)
    head, _, rest = asked.connection.transport.written.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), rest


async def test_readings_become_a_verdict_and_a_cookie():
    on = probing()
    with capture_logs() as lines:
        status, fields, body = await post(on, MAC, JSON, OWN)
    assert (status, json.loads(body)) == (
        200,
        {"found": "tablet", "by": "mac-with-touch", "reference": "REF2345"},
    )
    cookie = fields["Set-Cookie"].partition(";")[0]
    assert lines == [
        {"event": "probed", "log_level": "info", "reference": "REF2345", "found": "tablet",
         "by": "mac-with-touch", "os": "macos", "mode": "require"}
    ]  # fmt: skip
    assert on.metrics.registry.get_sample_value("mailgate_probes_total", {"result": "tablet"}) == 1
    asked = exchange(b"GET /.mailgate/status HTTP/1.1", MAC, f"Cookie: {cookie}".encode())
    await handled(on, asked)
    client = json.loads(asked.connection.transport.written.partition(b"\r\n\r\n")[2])["client"]
    assert (client["kind"], client["probed"], client["findings"]) == ("tablet", False, ["kind-contradicted"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((OWN,), 200),
        ((b"Origin: http://mail.example.com",), 200),
        # what `public_url` says, where a proxy tells no scheme
        ((b"Origin: https://mail.example.com",), 200),
        ((OWN, b"Origin: null"), 200),
        ((b"Referer: http://mail.example.com/mail?a=b",), 200),
        ((b"Referer: https://mail.example.com.evil.example/",), 403),
        ((b"Referer: https://evil.example/http://mail.example.com/",), 403),
        ((b"Origin: null", b"Referer: http://mail.example.com/"), 403),
        ((b"Sec-Fetch-Site: cross-site", b"Referer: http://mail.example.com/"), 403),
        ((), 403),
        ((b"Origin: null",), 403),
        ((b"Origin: https://evil.example",), 403),
        ((b"Origin: http://mail.example.com:81",), 403),
        ((b"Sec-Fetch-Site: cross-site", b"Origin: https://mail.example.com"), 403),
        ((b"Sec-Fetch-Site: same-site",), 403),
        ((b"Sec-Fetch-Site: none",), 403),
    ],
)
@pytest.mark.parametrize("path", ["/.mailgate/probe", "/.mailgate/probe/skip"])
async def test_only_the_gates_own_page_may_post(fields, status, path):
    wanted = 303 if status == 200 and path.endswith("skip") else status
    got, answer, _ = await post(probing(Mode.OBSERVE), MAC, JSON, *fields, path=path)
    assert got == wanted
    assert ("Set-Cookie" in answer) is (status == 200)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b'{"touch_points": NaN}', 400),
        (b"[" * 4000, 400),
        (json.dumps(READINGS | {"more": 1}).encode(), 400),
        (json.dumps(READINGS | {"platform": "x" * 20_000}).encode(), 413),
    ],
)
async def test_anything_but_readings_is_refused(body, status):
    got, fields, _ = await post(probing(), MAC, JSON, OWN, body=body)
    assert (got, "Set-Cookie" in fields) == (status, False)


@pytest.mark.parametrize(
    ("mode", "fields", "status"),
    [
        (Mode.OFF, (MAC, JSON, OWN), 404),
        (Mode.REQUIRE, (IPHONE, JSON, OWN), 403),
        (Mode.REQUIRE, (b"User-Agent: curl/8.15.0", JSON, OWN), 403),
        (Mode.REQUIRE, (MAC, OWN, b"Content-Type: text/plain"), 415),
        (Mode.REQUIRE, (MAC, OWN), 415),
        (Mode.REQUIRE, (MAC, OWN, b"Content-Type: Application/JSON; charset=utf-8"), 200),
    ],
)
async def test_only_a_probed_browser_may_answer_in_json(mode, fields, status):
    got, answer, _ = await post(probing(mode), *fields)
    assert (got, "Set-Cookie" in answer) == (status, status == 200)


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("?to=/mail%3Fa%3Db", "/mail?a=b"), ("", "/"), ("?to=//evil.example", "/"), ("?to=https://evil.example/", "/"),
        ("?to=/a%0D%0ASet-Cookie:%20b", "/"), ("?to=/%C3%BC", "/"),
    ],
)  # fmt: skip
async def test_an_observing_probe_may_be_skipped(query, target):
    on = probing(Mode.OBSERVE)
    status, fields, _ = await post(on, MAC, OWN, body=b"", path=f"/.mailgate/probe/skip{query}")
    assert (status, fields["Location"]) == (303, target)
    assert ".skipped." in fields["Set-Cookie"]
    assert on.metrics.registry.get_sample_value("mailgate_probes_total", {"result": "skipped"}) == 1


async def test_a_required_probe_cannot_be_skipped():
    status, fields, body = await post(probing(), MAC, OWN, body=b"", path="/.mailgate/probe/skip?to=/")
    assert (status, "Set-Cookie" in fields, json.loads(body)["reason"]) == (403, False, "probe-required")

"""The admin port."""

import json
from base64 import b64encode
from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs
from tests.exchanges import MARKER

from mailgate.app.workers import ALONE
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.errors import LineMistake, LinesRefusedError, SourceError, Trouble
from mailgate.gateway.admin_port import Intake, OwnHosts, admin_app, intake_server
from mailgate.gateway.metrics import Metrics
from mailgate.http.request import RequestRefused, parse_request_head


async def ask(path, *, ready=True, method="GET"):
    async def readiness():
        return {"ready": ready, "store": "ok"}

    async def policy(_request):
        return web.Response(text="a question of the mail server")

    async def intake(_request):
        return web.Response(text="an inventory")

    request = make_mocked_request(method, path)
    match = await admin_app(
        WorkerMetrics(ALONE, Metrics().registry).metrics, readiness, policy, intake
    ).router.resolve(request)
    return await match.handler(request)


async def test_healthz_says_that_the_process_runs():
    answer = await ask("/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readyz_says_what_it_runs_on_and_whether_it_is_ready(ready, status):
    answer = await ask("/readyz", ready=ready)
    assert answer.status == status
    assert json.loads(answer.text) == {"ready": ready, "store": "ok"}


async def test_metrics_are_in_the_format_of_prometheus():
    answer = await ask("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert b"# TYPE mailgate_config_ok gauge" in answer.body


@pytest.mark.parametrize(
    ("path", "answered_as"),
    [("/dovecot/policy?command=allow", "a question of the mail server"), ("/api/devices/hr", "an inventory")],
)
async def test_login_questions_and_inventories_are_posted_here(path, answered_as):
    assert (await ask(path, method="POST")).text == answered_as


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "GET"),
        ("/healthz", "POST"),
        ("/metrics/", "GET"),
        ("/dovecot/policy", "GET"),
        ("/dovecot", "POST"),
        ("/api/devices/hr", "GET"),
        ("/api/devices/", "POST"),
        ("/api/devices/hr/more", "POST"),
    ],
)
async def test_other_addresses_are_not_found(path, method):
    with pytest.raises(web.HTTPException):
        await ask(path, method=method)


PROXY = "192.0.2.1"
OWN = OwnHosts(frozenset({"gate.internal", "console.example.com", "0.0.0.0"}), (ip_network(PROXY),))


def asked(*lines, peer="198.51.100.7", reached_at="192.0.2.9", line=b"GET / HTTP/1.1"):
    head = parse_request_head(b"\r\n".join([line, *lines, b"", b""]), max_fields=20)
    return SimpleNamespace(head=head, peer=peer, secure=False, reached_at=reached_at)


def admits(*lines, **more):
    try:
        OWN.admit(asked(*lines, **more))
    except RequestRefused as refused:
        return refused.status != 421
    return True


@pytest.mark.parametrize(
    "host",
    [b"gate.internal", b"GATE.internal.:1", b"console.example.com", b"localhost:80", b"127.0.0.1", b"127.9.9.9", b"[::1]", b"192.0.2.9:8081", b"[::ffff:192.0.2.9]"],
)  # fmt: skip
def test_own_names_and_the_reached_address_are_admitted(host):
    assert admits(b"Host: " + host)


@pytest.mark.parametrize(
    "host", [b"evil.example.com", b"x.gate.internal", b"gate.internal.evil.example.com", b"192.0.2.10", b"[2001:db8::1]", b"localhost.evil"]
)  # fmt: skip
def test_every_other_host_is_refused(host):
    assert not admits(b"Host: " + host)
    assert not admits(b"Host: localhost", line=b"GET http://%b/ HTTP/1.1" % host)


@pytest.mark.parametrize("reached_at", ["2001:db8::9", "2001:db8::9%eth0"])
def test_the_reached_address_of_ipv6_is_admitted(reached_at):
    assert admits(b"Host: [2001:DB8:0::9]:8081", reached_at=reached_at)
    assert not admits(b"Host: [2001:db8::a]", reached_at=reached_at)


def test_a_proxy_that_is_believed_says_what_the_browser_asked_for():
    assert admits(b"Host: inner", b"X-Forwarded-Host: console.example.com", peer=PROXY)
    assert not admits(b"Host: localhost", b"X-Forwarded-Host: evil.example.com", peer=PROXY)
    assert not admits(b"Host: inner", b"X-Forwarded-Host: console.example.com")


def test_a_request_that_no_browser_sends_needs_no_host():
    assert admits(line=b"GET /healthz HTTP/1.0")


@pytest.mark.parametrize("via", [b"1.1 mailgate", b"1.0 MailGate", b"1.1 a, HTTP/1.1 mailgate (x)"])
def test_a_request_forwarded_by_a_gate_is_not_answered(via):
    assert not admits(b"Host: localhost", b"Via: " + via)
    assert admits(b"Host: localhost", b"Via: 1.1 nginx")


KEY = "hunter2"
RIGHT = {"X-API-Key": KEY}


class Body:
    """A body that comes in pieces."""

    def __init__(self, *pieces):
        self._pieces = pieces

    async def iter_chunked(self, _size):
        for piece in self._pieces:
            yield piece


@pytest.fixture
def post():
    async def posted(headers, *pieces, fails=None, name="hr"):
        got = []

        async def take(given, body):
            if fails:
                raise fails
            got.append((given, body))
            return 7

        answer = intake_server({"hr": Intake(KEY, 10, take)}.get)
        request = make_mocked_request(
            "POST", f"/api/devices/{name}", headers, match_info={"name": name}, payload=Body(*pieces)
        )
        with capture_logs() as logs:
            response = await answer(request)
        return response.status, json.loads(response.body), got, logs

    return posted


@pytest.mark.parametrize(
    "headers",
    [
        RIGHT,
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": "Basic " + b64encode(f"whoever:{KEY}".encode()).decode()},
    ],
)
async def test_a_caller_with_the_key_is_told_how_many_were_taken(post, headers):
    status, told, got, _ = await post(headers, b"12", b"34")
    assert (status, told) == (200, {"taken": 7})
    assert got[0][1] == b"1234"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "hunter3"},
        {"X-API-Key": ""},
        {"X-API-Key": "h\u00fcnter2"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !"},
        {"Authorization": KEY},
        {"X-API-Key": KEY, "Authorization": "Bearer x"},
    ],
)
async def test_a_caller_without_the_key_is_told_nothing_else(post, headers):
    status, told, got, logs = await post(headers, b"1234")
    assert (status, told["taken"], got) == (401, 0, [])
    assert KEY not in repr(logs)


@pytest.mark.parametrize("holds", [True, False])
async def test_a_source_with_a_proof_of_its_own_needs_no_key(holds):
    asked, got = [], []

    async def proof(headers, body):
        asked.append((headers, body))
        return holds

    async def take(_headers, body):
        got.append(body)
        return 1

    answer = intake_server({"hr": Intake("", 10, take, proof)}.get)
    request = make_mocked_request(
        "POST", "/api/devices/hr", RIGHT, match_info={"name": "hr"}, payload=Body(b"12", b"34")
    )
    with capture_logs() as logs:
        response = await answer(request)
    assert response.status == (200 if holds else 401)
    assert [body for _, body in asked] == [b"1234"]
    assert got == ([b"1234"] if holds else [])
    assert KEY not in repr(logs)


async def test_a_source_without_posts_is_not_found(post):
    assert (await post(RIGHT, name="mdm"))[0] == 404


async def test_a_body_that_is_too_long_is_not_read_to_its_end(post):
    status, told, got, _ = await post(RIGHT, b"123456", b"123456", b"never")
    assert (status, got) == (413, [])
    assert told["error"] == "longer than 10 bytes; send less at a time"


async def test_wrong_lines_are_told_to_the_sender_and_not_to_the_log(post):
    fails = LinesRefusedError([LineMistake(3, "kind", f"`{MARKER}` is not known here")], 5)
    status, told, _, logs = await post(RIGHT, b"x", fails=fails)
    assert (status, told["taken"], told["count"]) == (422, 0, 5)
    assert told["mistakes"] == [{"line": 3, "field": "kind", "message": f"`{MARKER}` is not known here"}]
    assert MARKER not in repr(logs)


@pytest.mark.parametrize(("trouble", "expected"), [(Trouble.STORE, 503), (Trouble.SHAPE, 422)])
async def test_a_trouble_of_the_source_has_its_status(post, trouble, expected):
    assert (await post(RIGHT, b"x", fails=SourceError(trouble)))[0] == expected


def test_the_key_is_not_shown():
    assert KEY not in repr(Intake(KEY, 1, None))

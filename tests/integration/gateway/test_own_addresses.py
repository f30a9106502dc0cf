"""What lies under ``/.mailgate/`` is the gate's own and never the upstream's; the admin port serves the operator alone."""

import asyncio
import json

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Response, Wire

OWN = [b"/.mailgate/healthz", b"/.mailgate/healthz?x=y", b"/.mailgate/", b"/.mailgate/?", b"/.mailgate/nothing", b"/.mailgate/status", b"/.mailgate/me", b"/.mailgate/probe",
       b"/.mailgate/attest", b"/.mailgate/authz", b"/.mailgate//healthz", b"/.mailgate/../inbox", b"/.mailgate/..", b"/.mailgate/./healthz", b"/.mailgate/%2e%2e/inbox",
       b"/.mailgate/healthz/x", b"/.mailgate/%00", b"/.mailgate/a;b", b"/.mailgate/extension/update.xml", b"/.mailgate/extension/../../inbox"]  # fmt: skip

LOGIN_QUESTION = (b"OPTIONS", b"/Microsoft-Server-ActiveSync")
"""What the gate itself asks for the page of one's own devices: whether the webmail tells logins apart."""


@pytest.mark.parametrize("method", [b"GET", b"POST", b"FOO", b"OPTIONS"])
@pytest.mark.parametrize("target", OWN, ids=repr)
async def test_own_targets_stay_here(
    connect: Connect, upstream: Upstream, target: bytes, method: bytes
) -> None:
    wire = await connect()
    await wire.send(request(method + b" " + target + b" HTTP/1.1", b"Content-Length: 0"))
    response = await wire.final()
    assert response.status < 500
    shows_me = (method, target) == (b"GET", b"/.mailgate/me")
    assert {each.request.start[:2] for each in upstream.exchanges} <= (
        {LOGIN_QUESTION} if shows_me else set()
    )
    if response.status >= 400:
        assert json.loads(response.content)["reason"]


@pytest.mark.parametrize(
    "target", [b"http://mail.example.com/.mailgate/healthz", b"HTTP://other.example/.mailgate/healthz"]
)
async def test_own_targets_in_absolute_form_stay_here_too(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    wire = await connect()
    await wire.send(request(b"GET " + target + b" HTTP/1.1"))
    assert (await wire.final()).status == 200
    assert upstream.exchanges == []


EQUIVALENT = [b"/%2emailgate/healthz", b"/.%6dailgate/healthz", b"//.mailgate/healthz", b"/./.mailgate/healthz", b"/x/../.mailgate/healthz", b"/.mailgate%2fhealthz", b"/.mailgate", b"/.mailgate;a/healthz",
              b"/.MAILGATE/healthz", b"/x/%2e%2e/.mailgate/healthz", b"/\\.mailgate/healthz", b"/.mailgate\\healthz"]  # fmt: skip


@pytest.mark.parametrize("target", EQUIVALENT, ids=repr)
async def test_a_target_that_only_resembles_ours_is_ours_or_the_upstream_s_untouched(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    wire = await connect()
    await wire.send(request(b"GET " + target + b" HTTP/1.1"))
    response = await wire.final()
    assert response.status in (200, 400, 404)
    assert upstream.targets in ([], [target])
    assert upstream.targets == [] or response.content == b"ok"


@pytest.mark.parametrize("target", [b"/.mailgate/healthz", b"/.mailgate/nothing"])
async def test_a_body_for_us_is_not_read_as_a_request(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    wire = await connect()
    hidden = request(b"GET /smuggled HTTP/1.1")
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    await wire.send(request(b"POST " + target + b" HTTP/1.1", b"Transfer-Encoding: chunked", body=body))
    await wire.send(request(b"GET /next HTTP/1.1", b"Connection: close"))
    await wire.final()
    await wire.end()
    assert upstream.targets in ([b"/next"], [])


async def test_own_answers_are_not_stored(connect: Connect) -> None:
    wire = await connect()
    await wire.send(request(b"GET /.mailgate/healthz HTTP/1.1"))
    response = await wire.final()
    assert response.status == 200
    assert response.values("Cache-Control") == [b"no-store"]


async def asked(address: tuple[str, int], target: bytes) -> Response:
    _, wire = await asyncio.get_running_loop().create_connection(Wire, *address)
    await wire.send(request(b"GET " + target + b" HTTP/1.1", host=b"127.0.0.1"))
    response = await wire.final()
    await wire.close()
    return response


@pytest.mark.parametrize("target", [b"/healthz", b"/readyz", b"/metrics"])
async def test_the_admin_port_serves_its_addresses(gate: Gate, target: bytes) -> None:
    assert (await asked(gate.admin, target)).status == 200


async def test_the_metrics_are_prometheus_text(gate: Gate) -> None:
    response = await asked(gate.admin, b"/metrics")
    assert response.values("Content-Type")[0].startswith(b"text/plain")
    assert b"# TYPE mailgate_" in response.content


@pytest.mark.parametrize("target", [b"/", b"/inbox", b"/.mailgate/status", b"/x/../inbox"])
async def test_the_admin_port_is_no_way_to_the_upstream(
    gate: Gate, upstream: Upstream, target: bytes
) -> None:
    response = await asked(gate.admin, target)
    to_the_console = response.status == 303 and response.values("Location") == [b"/console/"]
    assert response.status == 404 or to_the_console
    assert upstream.exchanges == []


@pytest.mark.parametrize("target", [b"/metrics", b"/healthz", b"/readyz"])
async def test_the_public_port_has_no_operator_pages(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    wire = await connect()
    await wire.send(request(b"GET " + target + b" HTTP/1.1"))
    assert (await wire.final()).content == b"ok"
    assert upstream.targets == [target]

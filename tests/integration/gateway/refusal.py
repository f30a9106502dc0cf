"""Checks that every refusal of a request has to pass."""

from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Response, Wire


async def refusal(wire: Wire) -> Response:
    """A complete, final refusal, after which the connection is closed without further bytes."""
    response = await wire.final()
    assert 400 <= response.status < 500 or response.status in (501, 505), response.head.raw
    assert response.complete
    await wire.end()
    assert not wire.buffer, "a refusal is the last thing said on a connection"
    return response


async def assert_unseen(connect: Connect, upstream: Upstream, gate: Gate) -> None:
    """Check that the upstream did not see the request: once a later request was answered, earlier ones would have
    been sent."""
    wire = await connect(gate)
    await wire.send(request(b"GET /later HTTP/1.1", b"Connection: close"))
    assert (await wire.final()).status == 200
    assert upstream.targets == [b"/later"]


async def assert_refused(connect: Connect, upstream: Upstream, gate: Gate, sent: bytes) -> Response:
    wire = await connect(gate)
    await wire.send(sent)
    response = await refusal(wire)
    await assert_unseen(connect, upstream, gate)
    return response

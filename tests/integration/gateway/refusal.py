"""What every refusal of a request has in common."""

from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Response, Wire


async def refusal(wire: Wire) -> Response:
    """A whole, final refusal behind which the connection is closed and nothing more is said."""
    response = await wire.final()
    assert 400 <= response.status < 500 or response.status in (501, 505), response.head.raw
    assert response.complete
    await wire.end()
    assert not wire.buffer, "a refusal is the last thing said on a connection"
    return response


async def assert_unseen(connect: Connect, upstream: Upstream, gate: Gate) -> None:
    """Whatever the gate was to send before has been sent once a later request has been answered."""
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

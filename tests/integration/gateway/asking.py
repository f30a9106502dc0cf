"""One question to the gate, and whether the next client still gets its own answer."""

from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import MalformedError, request
from tests.integration.gateway.scripted_upstream import Act, Upstream
from tests.integration.gateway.wire import NoAnswerError, Response

GET = b"GET / HTTP/1.1"
POST = request(b"POST / HTTP/1.1", b"Content-Length: 5", body=b"hello")
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


async def ask(connect: Connect, sent: bytes = request(GET), gate: Gate | None = None) -> Response | None:
    """The response, or None where the connection was broken before its head was whole."""
    wire = await (connect(gate) if gate else connect())
    await wire.send(sent)
    try:
        return await wire.final()
    except (NoAnswerError, MalformedError):
        return None


async def relayed(
    connect: Connect, upstream: Upstream, *answer: bytes | Act, sent: bytes = request(GET)
) -> Response:
    """The gate's response to this answer of the upstream."""
    upstream.play(*answer)
    wire = await connect()
    await wire.send(sent)
    return await wire.final(sent.split(b" ")[0])


async def assert_in_step(connect: Connect, upstream: Upstream) -> None:
    """Check that the next client gets the answer to its own request, over a connection without leftovers."""
    used = {id(e.wire) for e in upstream.exchanges}
    response = await ask(connect)
    assert response is not None
    assert (response.status, response.content) == (200, b"ok")
    assert id(upstream.exchanges[-1].wire) not in used

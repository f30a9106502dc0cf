"""Who may ask by gRPC, and that a question is served as any other."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from tests.unit.gateway.authz.test_ext_authz import asking
from tests.unit.gateway.authz.test_questions import asked_gate

from mailgate.gateway.authz.authorizer import Dialect
from mailgate.gateway.authz.grpc_port import METHOD, GrpcPort

LAPTOP = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
ENVOY = "192.0.2.7"


class Asker:
    """Envoy's end of one call."""

    def __init__(self, asked: Any, peer: str = ENVOY) -> None:
        self.asked, self.address, self.told, self.read = asked, peer, [], False
        self.peer = self

    def addr(self) -> tuple[str, int] | None:
        return (self.address, 4711) if self.address else None

    async def recv_message(self) -> Any:
        self.read = True
        return self.asked

    async def send_message(self, message: Any) -> None:
        self.told.append(message)


def port(handle: Any = None, *, local: bool = False) -> tuple[Any, GrpcPort]:
    on = asked_gate(Dialect.ENVOY)
    live = on.in_force.live
    on.in_force.live = replace(live, authorizers={"here": live.authorizer})
    handle = handle or partial(on.handle, asked_at="here")
    trusted = lambda peer: peer in (ENVOY, "unix:")  # noqa: E731
    return on, GrpcPort(
        handle, trusted, frozenset, 100, local=local, request_finished=on.requests.request_finished
    )


async def ask(of: GrpcPort, asker: Asker) -> Any:
    await of.__mapping__()[METHOD].func(asker)
    (told,) = asker.told
    return told


async def test_a_question_is_decided_and_recorded_like_one_by_http() -> None:
    on, asked_at = port()
    yes = await ask(asked_at, Asker(asking(LAPTOP, path="/allow")))
    no = await ask(asked_at, Asker(asking(LAPTOP, path="/block")))
    assert (yes.status.code, no.status.code, no.denied_response.status.code) == (0, 7, 403)
    assert '"reason": "rule-matched"' in no.denied_response.body
    assert [(path, rule) for path, _, rule, _ in on.recorder.listeners[0]] == [
        ("/allow", "open"),
        ("/block", "closed"),
    ]
    labels = {"method": "GET", "code": "403", "effect": "block"}
    assert on.metrics.registry.get_sample_value("mailgate_requests_total", labels) == 1


@pytest.mark.parametrize("peer", ["198.51.100.1", ""])
async def test_a_question_of_another_peer_is_not_read(peer: str) -> None:
    on, asked_at = port()
    asker = Asker(asking(LAPTOP, path="/allow"), peer)
    with pytest.raises(GRPCError) as refused:
        await ask(asked_at, asker)
    assert (refused.value.status, asker.read, on.recorder.listeners[0]) == (
        Status.PERMISSION_DENIED,
        False,
        [],
    )


async def test_a_caller_at_the_socket_file_may_ask() -> None:
    _, asked_at = port(local=True)
    assert (await ask(asked_at, Asker(asking(LAPTOP, path="/allow"), ""))).status.code == 0


@pytest.mark.parametrize(
    "asked",
    [
        asking(LAPTOP, path="/allow\r\na: b"),
        asking(LAPTOP, path="/al low"),
        asking(LAPTOP, client=""),
        asking(method=""),
    ],
)
async def test_an_impossible_question_is_refused(asked: Any) -> None:
    on, asked_at = port()
    told = await ask(asked_at, Asker(asked))
    assert (told.status.code, told.denied_response.status.code, on.recorder.listeners[0]) == (7, 400, [])


async def test_a_garbled_message_is_an_invalid_argument() -> None:
    class Garbled(Asker):
        async def recv_message(self) -> Any:
            raise DecodeError("Error parsing message")

    _, asked_at = port()
    with pytest.raises(GRPCError) as refused:
        await ask(asked_at, Garbled(None))
    assert refused.value.status is Status.INVALID_ARGUMENT


async def test_an_answer_that_is_none_is_an_error_and_no_yes() -> None:
    _, asked_at = port(lambda exchange: exchange.abort())
    with pytest.raises(GRPCError) as refused:
        await ask(asked_at, Asker(asking(LAPTOP)))
    assert refused.value.status is Status.INTERNAL


async def test_the_end_waits_for_what_runs() -> None:
    go = asyncio.Event()

    async def slow(exchange: Any) -> None:
        await go.wait()
        exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")

    _, asked_at = port(slow)
    running = asyncio.create_task(ask(asked_at, Asker(asking(LAPTOP))))
    await asyncio.sleep(0)
    assert asked_at.running == 1
    ending = asyncio.create_task(asked_at.finish(30))
    await asyncio.sleep(0)
    go.set()
    assert (await running).status.code == 0
    await ending
    assert asked_at.running == 0

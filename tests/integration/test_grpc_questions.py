"""Envoy's question by gRPC at a real gate: by one worker and by several, at a port, at a socket, with TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.encoding.proto import ProtoCodec
from grpclib.exceptions import GRPCError
from tests.integration.conftest import IPHONE, LAPTOP, Guard, Guarded
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import questions_of
from tests.integration.test_tls import write_certificate
from tests.servers import PATIENCE
from tests.unit.gateway.authz.test_ext_authz import asking

from mailgate.gateway.authz.ext_authz import CheckRequest, CheckResponse
from mailgate.gateway.authz.grpc_port import METHOD

WORKERS = pytest.mark.parametrize("workers", [1, 2])


async def told(channel: Channel, agent: str) -> tuple[int, str]:
    check = UnaryUnaryMethod[Any, Any](channel, METHOD, CheckRequest, CheckResponse)
    answer = await check(asking(("user-agent", agent)), timeout=PATIENCE)
    reason = [
        each.header.value for each in answer.denied_response.headers if each.header.key == "X-Device-Reason"
    ]
    return answer.status.code, (reason or [""])[0]


@asynccontextmanager
async def asked_at(gate: Guarded, context: ssl.SSLContext | None = None) -> AsyncIterator[Channel]:
    where = questions_of(gate.gate)
    at = urlsplit(where)
    place = {"path": at.path} if at.scheme == "unix" else {"host": at.hostname, "port": at.port}
    channel = Channel(**place, ssl=context, codec=ProtoCodec())  # type: ignore[arg-type]
    try:
        yield channel
    finally:
        channel.close()


def grpc(at: str = "127.0.0.1:0", **settings: Any) -> dict[str, Any]:
    listener = {"listen": at, "dialect": "envoy-grpc"}
    return {"authz_listeners": [listener], "trusted_proxies": ["127.0.0.1/32"], **settings}


@WORKERS
async def test_each_worker_answers(guard: Guard, workers: int) -> None:
    gate = guard(PHONE_RULES, **grpc(workers=workers))
    for _ in range(4 * workers):  # connections are spread among them
        async with asked_at(gate) as channel:
            assert await told(channel, LAPTOP) == (0, "")
            assert await told(channel, IPHONE) == (7, "posture-missing")


@WORKERS
async def test_everybody_who_opens_the_socket_may_ask(guard: Guard, socket_file: Path, workers: int) -> None:
    gate = guard(PHONE_RULES, **grpc(f"unix:{socket_file}", trusted_proxies=[], workers=workers))
    async with asked_at(gate) as channel:
        assert await told(channel, LAPTOP) == (0, "")
    assert await asyncio.to_thread(gate.gate.stop) == 0  # while it ends, the channel is closed
    assert not socket_file.exists()


async def test_questions_are_answered_over_tls(guard: Guard, tmp_path: Path) -> None:
    write_certificate(tmp_path, "localhost")
    gate = guard(PHONE_RULES, **grpc(tls={"certificate": "cert.pem", "key": "key.pem"}))
    context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    async with asked_at(gate, context) as channel:
        assert await told(channel, LAPTOP) == (0, "")


async def test_other_peers_get_no_answer(guard: Guard) -> None:
    gate = guard(PHONE_RULES, **grpc(trusted_proxies=["192.0.2.1/32"]))
    async with asked_at(gate) as channel:
        with pytest.raises(GRPCError) as refused:
            await told(channel, LAPTOP)
    assert refused.value.status is Status.PERMISSION_DENIED

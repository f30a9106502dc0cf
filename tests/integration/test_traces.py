"""Traces of requests, at a receiver of OTLP on the loopback interface."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.integration.conftest import IPHONE, LAPTOP, Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for
from tests.integration.prometheus import scraping
from tests.servers import free_port, patiently

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT, ERROR = 2, 3, 2
"""Kinds of spans, and a status, as OTLP has them."""


@dataclass
class Receiver:
    """Takes spans."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        told = ExportTraceServiceRequest.FromString(await request.read())
        for resource in told.resource_spans:
            self.services |= {
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            }
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    async def of(self, kind: int, count: int = 1) -> list[Any]:
        for _ in patiently():
            found = [span for span in self.spans if span.kind == kind]
            if len(found) >= count:
                break
            await asyncio.sleep(0.05)
        assert len(found) >= count, self.spans
        return found


def attributes(span: Any) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiving, app = Receiver(), web.Application()
    app.router.add_post("/v1/traces", receiving.take)
    async with TestServer(app) as server:
        receiving.url = str(server.make_url("")).rstrip("/")
        yield receiving


@pytest.fixture
async def webmail() -> AsyncIterator[TestServer]:
    """Says to whose trace it was told to belong, and fails where it is asked to."""

    async def answer(request: web.Request) -> web.Response:
        told = [
            f"{name.lower()}: {value}"
            for name, value in request.headers.items()
            if name.lower().startswith("trace")
        ]
        return web.Response(text="\n".join(told), status=int(request.query.get("status", 200)))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield server


async def ask(
    client: aiohttp.ClientSession,
    guarded: Guarded,
    agent: str = LAPTOP,
    path: str = "/inbox/1?q=private",
    **fields: str,
) -> tuple[int, str]:
    async with client.get(guarded.url + path, headers={"User-Agent": agent, **fields}) as answer:
        return answer.status, await answer.text()


async def test_an_allowed_request_has_a_span_with_the_webmails_in_it(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url})
    status, text = await ask(client, guarded)
    (serves,), (asks,) = await receiver.of(SERVER), await receiver.of(CLIENT)
    assert receiver.services == {"mailgate"}
    assert status == 200
    assert text == f"traceparent: 00-{asks.trace_id.hex()}-{asks.span_id.hex()}-01"
    assert (asks.trace_id, asks.parent_span_id, serves.parent_span_id) == (
        serves.trace_id,
        serves.span_id,
        b"",
    )
    assert (
        serves.start_time_unix_nano
        <= asks.start_time_unix_nano
        <= asks.end_time_unix_nano
        <= serves.end_time_unix_nano
    )
    host, port = guarded.url.removeprefix("http://").split(":")
    assert (serves.name, asks.name) == ("GET", "GET")
    assert attributes(serves) == {
        "http.request.method": "GET", "http.response.status_code": 200, "url.scheme": "http", "server.address": host, "server.port": int(port),
        "mailgate.effect": "allow", "mailgate.reason": "rule-matched", "mailgate.rule": "laptop-browser", "mailgate.kind": "laptop", "mailgate.protocol": "web",
    }  # fmt: skip
    assert attributes(asks).keys() == {
        "http.request.method",
        "http.response.status_code",
        "server.address",
        "server.port",
    }
    assert "private" not in str(receiver.spans)


async def test_a_refused_request_has_a_span_of_its_own_that_is_no_error(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url, "include": ["path", "address"]})
    assert (await ask(client, guarded, IPHONE))[0] == 403
    (serves,) = await receiver.of(SERVER)
    found = attributes(serves)
    assert (found["mailgate.effect"], found["mailgate.rule"], found["http.response.status_code"]) == (
        "block",
        "unproven-handheld",
        403,
    )
    assert len(str(found["mailgate.reference"])) == 10
    assert (found["url.path"], found["client.address"]) == ("/inbox/1", "127.0.0.1")
    assert serves.status.code != ERROR
    assert await receiver.of(CLIENT, 0) == []


async def test_a_trace_goes_on_and_a_malformed_one_begins_anew(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url})
    _, text = await ask(client, guarded, traceparent=f"00-{TRACE}-{SPAN}-00", tracestate="vendor=1")
    (serves,), (asks,) = await receiver.of(SERVER), await receiver.of(CLIENT)
    assert (serves.trace_id.hex(), serves.parent_span_id.hex()) == (TRACE, SPAN)
    assert sorted(text.splitlines()) == [
        f"traceparent: 00-{TRACE}-{asks.span_id.hex()}-01",
        "tracestate: vendor=1",
    ]
    _, text = await ask(client, guarded, traceparent=f"00-{'0' * 32}-{SPAN}-01", tracestate="vendor=1")
    serves, asks = (await receiver.of(SERVER, 2))[1], (await receiver.of(CLIENT, 2))[1]
    assert serves.parent_span_id == b""
    assert text == f"traceparent: 00-{serves.trace_id.hex()}-{asks.span_id.hex()}-01"


async def test_only_a_trusted_proxy_decides_whether_a_trace_is_sampled(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver
) -> None:
    guarded = guard(
        PHONE_RULES, traces={"endpoint": receiver.url, "share": "0%"}, trusted_proxies=["127.0.0.2/32"]
    )
    _, text = await ask(client, guarded, traceparent=f"00-{TRACE}-{SPAN}-01")
    assert text.startswith(f"traceparent: 00-{TRACE}-")
    assert text.endswith("-00")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))) as proxy:
        _, text = await ask(proxy, guarded, traceparent=f"00-{TRACE}-{SPAN}-01")
    assert text.endswith("-01")
    (serves,) = await receiver.of(SERVER)
    assert serves.trace_id.hex() == TRACE


async def test_a_webmail_that_fails_is_an_error_in_both(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url})
    await ask(client, guarded, path="/?status=503")
    (serves,), (asks,) = await receiver.of(SERVER), await receiver.of(CLIENT)
    assert [(attributes(span)["error.type"], span.status.code) for span in (serves, asks)] == [
        ("503", ERROR)
    ] * 2


async def test_without_traces_a_traceparent_is_passed_on_as_it_came(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(PHONE_RULES)
    assert (await ask(client, guarded))[1] == ""
    told = f"00-{TRACE}-{SPAN}-01"
    assert (await ask(client, guarded, traceparent=told))[1] == f"traceparent: {told}"


async def test_nobody_waits_for_a_receiver_that_is_away(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": f"http://127.0.0.1:{free_port()}"})
    assert [(await ask(client, guarded))[0] for _ in range(20)] == [200] * 20


async def test_prometheus_keeps_the_example(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver, tmp_path: Path
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url}, workers=2)
    with scraping(tmp_path, guarded.admin.removeprefix("http://")) as prometheus:
        await ask(client, guarded)
        (serves,) = await receiver.of(SERVER)
        read = partial(prometheus.examples, "mailgate_request_duration_seconds_bucket")
        assert await asyncio.to_thread(wait_for, read) == [serves.trace_id.hex()]


@pytest.mark.parametrize("workers", [1, 2])
async def test_durations_have_the_trace_of_an_example(
    guard: Guard, client: aiohttp.ClientSession, receiver: Receiver, workers: int
) -> None:
    guarded = guard(PHONE_RULES, traces={"endpoint": receiver.url}, workers=workers)
    await ask(client, guarded)
    (serves,) = await receiver.of(SERVER)
    accepts = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    async with client.get(f"{guarded.admin}/metrics", headers=accepts) as answer:
        text = await answer.text()
        assert answer.content_type == "application/openmetrics-text"
    (line,) = [line for line in text.splitlines() if " # {" in line]
    assert line.startswith("mailgate_request_duration_seconds_bucket{")
    assert f'# {{trace_id="{serves.trace_id.hex()}"}}' in line
    assert text.endswith("# EOF\n")
    async with client.get(f"{guarded.admin}/metrics") as answer:
        assert "# {" not in await answer.text()

"""*Now*: what the gate decides at this moment, and what needs a person."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from aiohttp import web

from mailgate.console.access import COOKIE
from mailgate.console.attention import needs_now
from mailgate.console.context import CLOSING, SESSION, ConsoleContext, context_of, roles_of
from mailgate.console.layout import show, surrounding
from mailgate.console.plot import plot
from mailgate.console.render import text_of
from mailgate.views.gates import gates_if_told

EVERY = 5.0
"""Seconds between two looks of a page that stays open."""
PARTS = ("needs", "verdicts", "refusals", "devices", "gates")
"""The parts of the page that change, each in a template of its own."""
STREAMS = asyncio.Semaphore(50)
"""Pages that are kept up to date at once."""


async def now(request: web.Request) -> web.Response:
    return show(request, "now.html", **await _seen(context_of(request)))


async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events (HTML, section 9.2): each is a JSON object of parts that have changed."""
    if STREAMS.locked():
        raise web.HTTPServiceUnavailable
    async with STREAMS:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        with suppress(ConnectionError):
            await _tell(request, answer)
    return answer


async def _tell(request: web.Request, answer: web.StreamResponse) -> None:
    """Tell what changes until who looks has left or may not look any more."""
    context, told = context_of(request), dict[str, str]()
    while not await _closes(request) and _may_look(request, context):
        seen = surrounding(request) | await _seen(context)
        parts = {name: text_of(f"now/{name}.html", **seen) for name in PARTS}
        news = {name: text for name, text in parts.items() if told.get(name) != text}
        await answer.write(f"data: {json.dumps(news)}\n\n".encode() if news else b": nothing new\n\n")
        told = parts


async def _closes(request: web.Request) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(request.config_dict[CLOSING].wait(), EVERY)
    return request.config_dict[CLOSING].is_set()


def _may_look(request: web.Request, context: ConsoleContext) -> bool:
    session = context.sessions.find(request.cookies[COOKIE], context.clock(), used=False)
    return session is not None and session.csrf == request[SESSION].csrf and bool(roles_of(request))


async def _seen(context: ConsoleContext) -> dict[str, Any]:
    at, state = context.clock(), await context.readiness()
    gates = await gates_if_told(context.store, at)
    minutes = context.verdict_rates.minutes(at)
    refused = context.verdict_rates.refusals(at)
    return {
        "state": state,
        "needs": await needs_now(context, state, at),
        "gates": gates,
        "plots": [plot(minutes, "effect"), plot(minutes, "kind")],
        "minutes": [minute for minute in reversed(minutes) if minute.total],
        "refusals": sorted(refused.items(), key=lambda each: (-each[1], each[0])),
        "census": context.device_counts.last,
    }


ROUTES = [web.get("/", now, name="now"), web.get("/now/stream", stream, name="now-stream")]

"""*Overview*: the current verdicts of the gate, and what needs a person."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from mailgate.config.admins import sees_names
from mailgate.console.address_values import one_of
from mailgate.console.connectors.sources import ConnectorFacts, sources_of
from mailgate.console.context import CLOSING, SESSION, ConsoleContext, context_of, language_of, roles_of
from mailgate.console.layout import MAX_PLANS, common_values, note_page, show
from mailgate.console.login.session_start import session_value
from mailgate.console.now import facts
from mailgate.console.now.attention import Viewer, needs_now
from mailgate.console.now.gates import gates_if_known
from mailgate.console.now.traffic import RANGES, Range, traffic_of, waiting_traffic
from mailgate.console.pictures import plot, refused_picture
from mailgate.console.query_parameters import accepts_parameters
from mailgate.console.render import text_of
from mailgate.model.phrase import phrase
from mailgate.rollout.approvals import PlanStatus, plan_statuses
from mailgate.store import StoreError
from mailgate.tasks import compute
from mailgate.texts import Language

REFRESH_SECONDS = 5.0
"""The seconds between two updates of an open page."""
PARTS = ("people", "needs", "changes", "sources", "verdicts", "rules", "devices", "gates")
"""The parts of the page that change, each with a template of its own, in their order."""
SPANS = {
    "1h": phrase("60 minutes"),
    "24h": phrase("24 hours"),
    "14d": phrase("14 days"),
    "60d": phrase("60 days"),
}
STREAMS = asyncio.Semaphore(50)
"""Limits how many pages are kept up to date at once."""


@accepts_parameters(range=one_of(tuple(RANGES)))
async def now(request: web.Request) -> web.Response:
    return await show(request, "now.html", **await _page_values(request))


@accepts_parameters(range=one_of(tuple(RANGES)))
async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events (HTML, section 9.2). Each is a JSON object of the parts that have changed."""
    if STREAMS.locked():
        raise web.HTTPServiceUnavailable
    async with STREAMS:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        with suppress(ConnectionError, StoreError):  # an open page says that it is no longer kept up to date
            await _send_changes(request, answer)
    return answer


async def _send_changes(request: web.Request, answer: web.StreamResponse) -> None:
    """Send changes until the viewer leaves or loses access."""
    context, told = context_of(request), dict[str, str]()
    while not await _closes(request) and _may_view(request, context):
        seen = common_values(request) | await _page_values(request)
        note_page(request)
        parts = {name: await compute(text_of, f"now/{name}.html", **seen) for name in PARTS}
        news = {name: text for name, text in parts.items() if told.get(name) != text}
        await answer.write(f"data: {json.dumps(news)}\n\n".encode() if news else b": nothing new\n\n")
        told = parts


async def _closes(request: web.Request) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(request.config_dict[CLOSING].wait(), REFRESH_SECONDS)
    return request.config_dict[CLOSING].is_set()


def _may_view(request: web.Request, context: ConsoleContext) -> bool:
    session = context.sessions.find(session_value(request), context.clock(), used=False)
    return session is not None and session.csrf == request[SESSION].csrf and bool(roles_of(request))


async def _page_values(request: web.Request) -> dict[str, Any]:
    context, asked, language = context_of(request), _range(request), language_of(request)
    at, state, bundle = context.clock(), await context.readiness(), context.bundle()
    sources = await sources_of(context, state)
    reader = Viewer(request[SESSION].name, roles_of(request))
    names = sees_names(reader.roles)
    traffic, told = waiting_traffic(context.verdict_rates.waiting, at), False
    refused, changes, plans = list[facts.RefusedPeople](), list[facts.Turn](), list[PlanStatus]()
    with suppress(StoreError):
        refused = await facts.refused_by_day(context.store, at)
        changes = await facts.changes_of(context.store, bundle, at, names=names)
        plans = await plan_statuses(context.store, context.guard, at, MAX_PLANS)
        traffic = await traffic_of(context.store, asked, at)
        told = True
    return {
        "state": state,
        "out": facts.without_mail(context.counting.outage, bundle.policy),
        "refused": refused,
        **_trend(refused, changes, language),
        "changed": [each for each in changes if each.at >= at - facts.WEEK][: facts.MOST],
        "coming": facts.coming_up(bundle.policy, plans, at, names=names)[: facts.MOST],
        "needs": await needs_now(context, state, sources, at, reader),
        "sources": sorted(sources, key=_by_effect),
        "opened": bool(request.query),
        "gates": await gates_if_known(context.store, at),
        "range": asked,
        "ranges": SPANS,
        "told": told,
        "plots": [plot(traffic, "effect", language), plot(traffic, "kind", language)],
        "traffic": traffic,
        "census": context.counting.devices,
    }


def _trend(
    refused: Sequence[facts.RefusedPeople], changes: Iterable[facts.Turn], language: Language
) -> dict[str, Any]:
    """The picture of the people refused each day, and the changes of rules on its marked days."""
    marked = facts.marked_days(changes, [each.day for each in refused])
    days = [(each.day, each.people) for each in refused]
    return {"marked": marked, "picture": refused_picture(days, marked, language) if days else None}


def _by_effect(source: ConnectorFacts) -> tuple[int, int]:
    """First those whose failing takes most mail, then those that do not work, then those with most devices."""
    lost = source.loss.devices if source.loss else 0
    return -lost, -source.devices if source.state == "ok" else -sys.maxsize


def _range(request: web.Request) -> Range:
    asked = request.query.get("range", "")
    return next((each for each in RANGES if each == asked), "1h")


ROUTES = [web.get("/", now, name="now"), web.get("/now/stream", stream, name="now-stream")]

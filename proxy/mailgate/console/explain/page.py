"""*One decision* and recent decisions: the requests behind a number, and one with every rule that was tried and the values that it read."""

from typing import Any

from aiohttp import web

from mailgate.console.address_values import EFFECTS, REASONS, line, one_of
from mailgate.console.context import ConsoleContext, context_of
from mailgate.console.devices.facts import only, sighting_facts
from mailgate.console.devices.filter import KINDS
from mailgate.console.explain.facts import explanation
from mailgate.console.explain.requests import decide_without_proof, read_headers, read_request, redecide
from mailgate.console.forms import form_of
from mailgate.console.layout import address, redirect_to, show
from mailgate.console.query_parameters import POSITION, SPAN, accepts_parameters, position_in, position_values
from mailgate.errors import ConfigError, Mistake
from mailgate.model import Access, Decision
from mailgate.model.phrase import phrase
from mailgate.policy.cases import Situation, decide_situation
from mailgate.rollout.person import RefusedError
from mailgate.tasks import compute

MAX_SIGHTINGS = 100


@accepts_parameters(
    rule=line(), reason=one_of(REASONS), effect=one_of(EFFECTS), kind=one_of(KINDS), user=line(), **POSITION
)
async def sightings(request: web.Request) -> web.Response:
    context, asked = context_of(request), request.query
    wanted = {name: asked.get(name, "").strip() for name in ("rule", "reason", "effect", "kind", "user")}
    seen = await context.store.sightings.search(
        context.clock() - SPAN, MAX_SIGHTINGS, position_in(asked), **wanted
    )
    further = position_values(seen.after)
    found = [sighting_facts(each) for each in seen.rows]
    return await show(
        request,
        "sightings.html",
        shows=found,
        found=found,
        wanted=wanted,
        further=address(request, "sightings", wanted | further) if further else "",
        kinds=KINDS,
    )


MAX_PASTED = 16 * 1024
"""The most characters of a pasted request. A longer one is refused before anything of it is read."""
MAX_RECENT = 20
"""How many recent requests are offered to choose from."""


@accepts_parameters(reference=line())
async def explain(request: web.Request) -> web.Response:
    """Explain the request of a reference, or show the form for a pasted one."""
    context, name = context_of(request), request.query.get("reference", "").strip()
    if not name:
        return await _shown(request)
    recalled = await redecide(context.store, context.bundle(), name, context.clock())
    if recalled is None:
        if called := await context.store.devices.called(name):
            only(called, name)
            return redirect_to(request, "devices-one", id=name)
        wrong = phrase("We found no request and no device called %(name)s.", name=name)
        return await _shown(request, 404, reference=name, wrong=[wrong])
    why = await compute(explanation, recalled.access, recalled.decision, context.bundle().policy)
    return await _shown(request, reference=name, why=why, then=recalled.then)


async def explain_pasted(request: web.Request) -> web.Response:
    """Explain pasted headers or a pasted request. Nothing is recorded."""
    context, sent = context_of(request), await form_of(request)
    text, name = str(sent.get("text", "")), str(sent.get("device", "")).strip()[:200]
    try:
        access, decision = await _decided(context, text, name)
    except ConfigError as error:
        return await _shown(request, 422, text=text, device=name, mistakes=error.mistakes)
    why = await compute(explanation, access, decision, context.bundle().policy)
    return await _shown(request, text=text, device=name, why=why)


async def _decided(context: ConsoleContext, text: str, name: str) -> tuple[Access, Decision]:
    """The pasted request, decided by the rules in force. Raises ConfigError."""
    bundle = context.bundle()
    if len(text) > MAX_PASTED:
        words = phrase("this is too long; use at most %(most)s characters", most=str(MAX_PASTED))
        raise ConfigError([Mistake("pasted", 1, 1, words)])
    if text.lstrip().startswith("{"):
        situation = await compute(read_request, text.encode(), "pasted", bundle.policy.catalog)
        return decide_situation(situation, bundle.policy, context.clock())
    asked = await compute(read_headers, text, "pasted")
    if not name:
        return decide_situation(Situation(request=asked), bundle.policy, context.clock())
    try:
        device = only(await context.store.devices.called(name), name)
    except RefusedError as error:
        raise ConfigError([Mistake("device", 1, 1, error.words)]) from None
    return decide_without_proof(device, bundle, asked.facts(), context.clock())


async def _shown(request: web.Request, status: int = 200, **values: Any) -> web.Response:
    last = [] if "why" in values else await context_of(request).store.sightings.latest(size=MAX_RECENT)
    empty: dict[str, Any] = {
        "reference": "", "text": "", "device": "", "wrong": [], "mistakes": [], "why": None, "then": None,
        "rows": [sighting_facts(each) for each in last],
    }  # fmt: skip
    shown = empty | values
    shows = shown["then"].sighting if shown["then"] else shown["why"].shows if shown["why"] else shown["rows"]
    return await show(request, "explain.html", status, shows=shows, **shown)


ROUTES = [
    web.get("/explain", explain, name="explain"),
    web.post("/explain", explain_pasted, name="explain-pasted"),
    web.get("/sightings", sightings, name="sightings"),
]

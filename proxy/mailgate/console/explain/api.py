"""Recent decisions, the explanation of each, and of a decision on a described request. Nothing of that is recorded."""

from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import (
    EffectName,
    InputModel,
    KindName,
    Line,
    OutputModel,
    PageOf,
    PlaceCursor,
    ReasonName,
    SmallPage,
    place_cursor,
    place_of,
)
from mailgate.console.devices.api import device_called
from mailgate.console.devices.facts import SightingFacts, sighting_facts
from mailgate.console.explain.facts import Explanation, explanation
from mailgate.console.explain.requests import decide_without_proof, redecide
from mailgate.console.query_parameters import SPAN
from mailgate.policy.cases import CasePerson, Request, Situation, decide_situation
from mailgate.tasks import compute

SightingName = Annotated[Line, Field(description="Its id, or the help number in an answer of the gate.")]


class SightingsQuery(InputModel):
    rule: Line | None = None
    """The rule that decided."""
    reason: ReasonName | None = None
    """The reason code."""
    effect: EffectName | None = None
    """The effect."""
    kind: KindName | None = None
    """The kind of client."""
    user: Line | None = None
    """The login name of the person."""
    after: PlaceCursor | None = None
    """The `next` of the previous page."""
    limit: SmallPage = 100
    """The most sightings to return."""


class ThenAndNow(OutputModel):
    """The decision at that time, and the decision now."""

    then: SightingFacts
    """The decision at that time."""
    now: Explanation
    """The decision on the same client now, explained."""

    @property
    def shows(self) -> SightingFacts:
        """Whom it shows (``looks.py``)."""
        return self.then


async def list_sightings(call: Call, query: SightingsQuery) -> PageOf[SightingFacts]:
    """List the decisions of the last two hours, the last seen first."""
    wanted = {name: text or "" for name, text in query.model_dump(exclude={"limit", "after"}).items()}
    seen = await call.context.store.sightings.search(
        call.now - SPAN, query.limit, place_of(query.after), **wanted
    )
    return PageOf(items=[sighting_facts(each) for each in seen.rows], next=place_cursor(seen.after))


async def explain_sighting(call: Call, sighting: SightingName) -> ThenAndNow:
    """Explain a decision of the gate: every rule that is tried for the same client now, and what would turn it over."""
    context = call.context
    recalled = await redecide(context.store, context.bundle(), sighting, call.now)
    if recalled is None:
        raise ProblemError(404, "nothing is recorded under this id")
    told = await compute(explanation, recalled.access, recalled.decision, context.bundle().policy)
    return ThenAndNow(then=sighting_facts(recalled.then), now=told)


Method = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,32}$")]
Target = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=8192)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$")]
FieldValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$", max_length=8192)]

MAX_HEADERS = 100


class RequestInput(InputModel):
    """A real or imagined request."""

    method: Method = "GET"
    """Its method."""
    target: Target = "/"
    """Its path and query."""
    headers: dict[FieldName, FieldValue] = Field(default_factory=dict, max_length=MAX_HEADERS)
    """Its header fields. Names are compared without case."""
    user: Line | None = None
    """The login name of the person who asks; without it, unknown."""
    device: Line | None = None
    """The device from which it comes, by its id or another name; without it, unknown."""


async def explain_request(call: Call, body: RequestInput) -> Explanation:
    """Explain the decision on a request: every rule that is tried, its values, and what would turn it over.

    Nothing of it is recorded. The request is assumed to come without a proof.
    """
    bundle = call.context.bundle()
    asked = Request(
        method=body.method, target=body.target, headers=body.headers, user=CasePerson(name=body.user or "")
    )
    if body.device is None:
        access, decision = decide_situation(Situation(request=asked), bundle.policy, call.now)
    else:
        known = await device_called(call, body.device, 409)
        access, decision = decide_without_proof(known, bundle, asked.facts(), call.now)
    return await compute(explanation, access, decision, bundle.policy)


OPERATIONS = (
    Operation(
        "GET /sightings", list_sightings, area="Now", links={"explain_sighting": {"sighting": "items/0/id"}}
    ),
    Operation("GET /sightings/{sighting}/explanation", explain_sighting, area="Explain"),
    Operation("POST /explain", explain_request, may_conflict=True),
)

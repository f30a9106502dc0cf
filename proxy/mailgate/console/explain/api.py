"""Explains the decision on a described request. Nothing of it is recorded."""

from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import InputModel, Line
from mailgate.console.devices.api import device_called
from mailgate.console.explain.facts import Explanation, explanation
from mailgate.console.explain.requests import decide_without_proof
from mailgate.policy.cases import CasePerson, Request, Situation, decide_situation
from mailgate.tasks import compute

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


OPERATIONS = (Operation("POST", "/explain", explain_request, "Explain", may_conflict=True),)

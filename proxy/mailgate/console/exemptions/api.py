"""Exemptions of people and devices from rules, and rules that are off for everybody."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mailgate.console.api.operation import EITHER, OPERATOR, Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import (
    DIGITS,
    MAX_NUMBER,
    InputModel,
    LargePage,
    Line,
    ListOf,
    Moment,
    Note,
    OutputModel,
)
from mailgate.console.devices.api import device_called
from mailgate.console.looks import Shows
from mailgate.policy.reliefs import OF_SOME, Cause
from mailgate.rollout import reliefs

ExemptionNumber = Annotated[int, Field(ge=1, le=MAX_NUMBER, description="Its number."), DIGITS]
RuleName = Annotated[Line, Field(description="Its id.")]


class ReliefInForce(OutputModel):
    """A rule that does not count for a time: for one person or device, or for everybody. An exemption may be from every rule."""

    number: int
    """Its number."""
    cause: Cause
    """`exemption`; `self-service` if the person let themselves in; `break-glass` if an admin turned the rule off for everybody; `halt` if it halted by itself."""
    rule: str
    """The rule's id; empty for every rule that restricts."""
    why: str
    """The reason that was given."""
    author: str
    """The admin who did it, or `gate`, or `self-service`."""
    at: datetime
    """When it began."""
    until: datetime | None
    """When it ends by itself; null if it does not."""
    person: str
    """The login name of the exempt person. If person and device are both empty, it is for everybody."""
    device: str
    """The id of the exempt device; beside a person, that on which they let themselves in."""


class ReliefRecord(ReliefInForce):
    """A relief, and how it was ended."""

    ended_at: datetime | None
    """When it was ended early; null if it was not."""
    ended_by: str
    """The admin who ended it."""
    ended_why: str
    """The reason for ending it."""


class ExemptionsQuery(InputModel):
    which: Literal["current", "all"] = "current"
    """Those in force, or all that are stored."""
    limit: LargePage = 1000
    """The most exemptions to read, the newest first."""


class ExemptionInput(InputModel):
    """An exemption of one person or one device to give."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["person"]}, {"required": ["device"]}]}
    )

    rule: Line
    """The rule's id, or `all` for every rule that restricts."""
    why: Note
    """The reason. The person and readers of the audit log see it."""
    until: Moment
    """When it ends, within 366 days."""
    person: Line = Field(default_factory=str)
    """The login name of the person. Give either this or `device`."""
    device: Line = Field(default_factory=str)
    """The device, by its id or another name."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len({"person", "device"} & self.model_fields_set) != 1:
            raise PydanticCustomError("whom", "use either `person` or `device`")
        return self


class ReasonInput(InputModel):
    """A reason."""

    why: Note
    """The reason, for the audit log."""


class RuleOffInput(InputModel):
    """A rule to turn off."""

    why: Note
    """The reason, for the audit log."""
    until: Moment
    """When the rule counts again by itself."""


async def list_exemptions(call: Call, query: ExemptionsQuery) -> ListOf[ReliefRecord]:
    """List the exemptions, the newest first."""
    reliefs = call.context.store.reliefs
    if query.which == "all":
        newest = await reliefs.history(query.limit)
        kept = [each for each in newest if each.relief.cause in OF_SOME]
    else:
        kept = await reliefs.exemptions(call.now, query.limit, MAX_NUMBER)
    items = [asdict(each.relief) | asdict(each) for each in kept]
    return ListOf[ReliefRecord].model_validate({"items": items})


async def exempt(call: Call, body: ExemptionInput) -> ReliefInForce:
    """Exempt one person or one device from a rule until a time, at every gate within a second."""
    context = call.context
    device = (await device_called(call, body.device, 409)).id if body.device else ""
    given = await reliefs.exempt(
        context.store,
        context.bundle().policy,
        call.person,
        body.why,
        call.now,
        rule=body.rule,
        until=body.until,
        person=context.bundle().settings.logins.person(body.person.strip()),
        device=device,
    )
    call.set_location("/exemptions")
    return ReliefInForce.model_validate(given)


async def end_exemption(call: Call, number: ExemptionNumber, body: ReasonInput) -> ReliefInForce:
    """End an exemption early.

    Beyond the guard's limit another approver has to end it too; the refusal of the first one is noted.
    """
    store, guard = call.context.store, call.context.guard
    ended = await reliefs.end_exemption(store, call.person, body.why, call.now, number, guard)
    return ReliefInForce.model_validate(ended)


async def list_rules_off(call: Call) -> ListOf[ReliefInForce]:
    """List the rules that are off for everybody: halted by themselves, or turned off."""
    current = await call.context.store.reliefs.current(call.now)
    return ListOf[ReliefInForce].model_validate({"items": list(current.for_everybody(call.now))})


async def turn_rule_off(call: Call, rule: RuleName, body: RuleOffInput) -> ReliefInForce:
    """Break-glass: turn a rule off for everybody until a time, at every gate within a second.

    No guard applies to this.
    """
    context = call.context
    _refuse_unknown(call, rule)
    given = await reliefs.break_glass(
        context.store, context.bundle().policy, call.person, body.why, call.now, rule=rule, until=body.until
    )
    return ReliefInForce.model_validate(given)


async def resume_rule(call: Call, rule: RuleName, body: ReasonInput) -> ListOf[ReliefInForce]:
    """Put a rule back in force that halted by itself or was turned off.

    If it was out for longer than the guard's window, whom it keeps out counts as if it were new. Beyond the limit another approver
    has to do the same; the refusal of the first one is noted. Returns the halts and the break-glass that were ended.
    """
    _refuse_unknown(call, rule)
    store, settings = call.context.store, call.context.bundle().settings
    ended = await reliefs.resume(store, call.person, body.why, call.now, rule, settings)
    return ListOf[ReliefInForce].model_validate({"items": ended})


def _refuse_unknown(call: Call, rule: str) -> None:
    """Raise ProblemError if no rule that runs, or that is off, has this id."""
    policy = call.context.bundle().policy
    if rule not in {*policy.reliefs.off(call.now), *(each.id for each in policy.rules)}:
        raise ProblemError(404, "no rule has this id")


OPERATIONS = (
    Operation("GET /exemptions", list_exemptions, links={"end_exemption": {"number": "items/0/number"}}),
    Operation(
        "POST /exemptions",
        exempt,
        roles=OPERATOR,
        status=201,
        may_conflict=True,
        has_location=True,
        links={"end_exemption": {"number": "number"}},
    ),
    Operation("POST /exemptions/{number}/end", end_exemption, roles=EITHER, may_conflict=True),
    Operation(
        "GET /rules-off",
        list_rules_off,
        shows=Shows.ADMINS,
        area="Exemptions",
        links={"resume_rule": {"rule": "items/0/rule"}},
    ),
    Operation(
        "POST /rules/{rule}/off",
        turn_rule_off,
        area="Exemptions",
        roles=EITHER,
        may_conflict=True,
        links={"resume_rule": {"rule": "rule"}},
    ),
    Operation("POST /rules/{rule}/on", resume_rule, area="Exemptions", roles=EITHER, may_conflict=True),
)

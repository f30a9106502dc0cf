"""Exemptions: who is spared from which rule until when; and rules that are out for everybody."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mailgate.console.api.devices import device_called
from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import DIGITS, MOST, Answered, Asked, Line, Many, Moment, Note
from mailgate.policy.reliefs import Cause
from mailgate.rollout import relief_acts


class Relief(Answered):
    """A rule that is taken out for a time, or for an exemption perhaps every rule."""

    number: int
    """Its number."""
    cause: Cause
    """`exemption`; `break-glass` where somebody turned the rule off for everybody; `halt` where it halted by itself."""
    rule: str
    """The rule's id; empty for every rule that restricts."""
    why: str
    """Why."""
    author: str
    """Who did it."""
    at: datetime
    """Since when."""
    until: datetime | None
    """When it ends by itself; null where it does not."""
    person: str
    """The login name of who is spared; with neither this nor a device it is everybody."""
    device: str
    """The id of the device that is spared."""


class KeptRelief(Relief):
    """The same, and how it was ended."""

    ended_at: datetime | None
    """When somebody ended it; null where nobody did."""
    ended_by: str
    """Who ended it."""
    ended_why: str
    """Why."""


class ExemptionsWanted(Asked):
    """Which exemptions."""

    which: Literal["current", "all"] = "current"
    """Those that count now, or all that are kept."""
    limit: Many = 1000
    """How many of the newest are looked at."""


class Exemptions(Answered):
    """Exemptions."""

    items: list[KeptRelief]
    """The newest first."""


class Exemption(Asked):
    """Sparing one person or one device from a rule."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["person"]}, {"required": ["device"]}]}
    )

    rule: Line
    """The rule's id, or `all` for every rule that restricts."""
    why: Note
    """Why; the person sees it, and so does the audit log."""
    until: Moment
    """When it ends, within 366 days."""
    person: Line = Field(default_factory=str)
    """The login name of who is spared. Either this or `device`."""
    device: Line = Field(default_factory=str)
    """The device that is spared, by its id or another name of it."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len({"person", "device"} & self.model_fields_set) != 1:
            raise PydanticCustomError("whom", "whom? expected either `person` or `device`")
        return self


class ExemptionNamed(Asked):
    """One exemption."""

    number: Annotated[int, Field(ge=1, le=MOST), DIGITS]
    """Its number."""


class Why(Asked):
    """Why it is done."""

    why: Note
    """It stands in the audit log."""


class RulesOff(Answered):
    """Rules that are out for everybody."""

    items: list[Relief]
    """Halted by themselves, or turned off."""


class RuleNamed(Asked):
    """One rule."""

    rule: Line
    """Its id."""


class RuleOff(Asked):
    """Turning a rule off."""

    why: Note
    """Why; it stands in the audit log."""
    until: Moment
    """When it counts again by itself."""


class Resumed(Answered):
    """What was ended so that a rule counts again."""

    items: list[Relief]
    """Halts, and times for which it was turned off."""


async def list_exemptions(call: Call, query: ExemptionsWanted) -> Exemptions:
    """List who is spared from which rule, the newest first."""
    reliefs = call.context.store.reliefs
    if query.which == "all":
        newest = await reliefs.history(query.limit)
        kept = [each for each in newest if each.relief.cause is Cause.EXEMPTION]
    else:
        kept = await reliefs.exemptions(call.now, query.limit, MOST)
    items = [asdict(each.relief) | asdict(each) for each in kept]
    return Exemptions.model_validate({"items": items})


async def exempt(call: Call, body: Exemption) -> Relief:
    """Spare one person or one device from a rule, at every gate within a second, until then."""
    context = call.context
    device = (await device_called(call, body.device, 409)).id if body.device else ""
    given = await relief_acts.exempt(
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
    call.made("/exemptions")
    return Relief.model_validate(given)


async def end_exemption(call: Call, path: ExemptionNamed, body: Why) -> Relief:
    """End an exemption before its time."""
    ended = await relief_acts.end_exemption(call.context.store, call.person, body.why, call.now, path.number)
    return Relief.model_validate(ended)


async def list_rules_off(call: Call) -> RulesOff:
    """List the rules that are out for everybody: halted by themselves, or turned off."""
    current = await call.context.store.reliefs.current(call.now)
    return RulesOff.model_validate({"items": list(current.for_everybody(call.now))})


async def turn_rule_off(call: Call, path: RuleNamed, body: RuleOff) -> Relief:
    """Break-glass: turn a rule off for everybody, at every gate within a second, until then. No guard stands in the way."""
    context = call.context
    _look_for(call, path.rule)
    given = await relief_acts.break_glass(
        context.store,
        context.bundle().policy,
        call.person,
        body.why,
        call.now,
        rule=path.rule,
        until=body.until,
    )
    return Relief.model_validate(given)


async def resume_rule(call: Call, path: RuleNamed, body: Why) -> Resumed:
    """Put a rule back that halted by itself or was turned off."""
    ended = await relief_acts.resume(call.context.store, call.person, body.why, call.now, path.rule)
    return Resumed.model_validate({"items": ended})


def _look_for(call: Call, rule: str) -> None:
    if rule not in {each.id for each in call.context.bundle().policy.rules}:
        raise ProblemError(404, "no rule in force has this id")


OPERATIONS = (
    Operation(
        "GET",
        "/exemptions",
        list_exemptions,
        "Exemptions",
        links=(Link("end_exemption", {"number": "$response.body#/items/0/number"}),),
    ),
    Operation(
        "POST",
        "/exemptions",
        exempt,
        "Exemptions",
        roles=("operator",),
        status=201,
        refuses=True,
        located=True,
        links=(Link("end_exemption", {"number": "$response.body#/number"}),),
    ),
    Operation(
        "POST", "/exemptions/{number}/end", end_exemption, "Exemptions", roles=("operator",), refuses=True
    ),
    Operation(
        "GET",
        "/rules-off",
        list_rules_off,
        "Exemptions",
        links=(Link("resume_rule", {"rule": "$response.body#/items/0/rule"}),),
    ),
    Operation(
        "POST",
        "/rules/{rule}/off",
        turn_rule_off,
        "Exemptions",
        roles=("operator", "approver"),
        refuses=True,
        links=(Link("resume_rule", {"rule": "$response.body#/rule"}),),
    ),
    Operation("POST", "/rules/{rule}/on", resume_rule, "Exemptions", roles=("operator",), refuses=True),
)

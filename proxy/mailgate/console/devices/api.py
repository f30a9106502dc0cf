"""Devices: search, details, marking as lost, and deletion."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field, WithJsonSchema

from mailgate.console.api.operation import EITHER, OPERATOR, Call, Operation
from mailgate.console.api.problems import Fault, ProblemError
from mailgate.console.api.shapes import (
    Cursor,
    InputModel,
    KindName,
    Line,
    ListOf,
    OutputModel,
    PageOf,
    SmallPage,
    cursor_of,
    number_of,
    read_by,
    words_of,
)
from mailgate.console.devices.facts import (
    DeviceFacts,
    SourceAnswer,
    WholeDevice,
    device_facts,
    only,
    whole_device,
)
from mailgate.console.devices.filter import (
    DISAGREE,
    MAILS,
    ORDERS,
    READERS,
    SORTED,
    STATES,
    filter_choices_of,
    read,
)
from mailgate.console.devices.rows import find_devices
from mailgate.console.devices.timeline import Event, device_history
from mailgate.console.explain.facts import Explanation, explanation
from mailgate.console.explain.requests import decide_last_request, sightings_of
from mailgate.console.people import support_acts
from mailgate.devices.device import Device
from mailgate.rollout import counted_acts
from mailgate.rollout.person import RefusedError
from mailgate.tasks import compute

_TIMES = [{"format": "date-time"}, {"format": "date"}, {"pattern": "^[0-9]{1,4}d$"}]
_State = Annotated[str, read_by(READERS["state"]), words_of(*STATES)]
_Mail = Annotated[str, read_by(READERS["mail"]), words_of(*MAILS)]
_Sources = Annotated[str, read_by(READERS["sources"]), words_of(DISAGREE)]
_Before = Annotated[str, read_by(READERS["before"]), WithJsonSchema({"type": "string", "anyOf": _TIMES})]
_Sort = Annotated[str, read_by(READERS["sort"]), words_of(*SORTED)]
_Order = Annotated[str, read_by(READERS["order"]), words_of(*ORDERS)]

DeviceName = Annotated[Line, Field(description="Its id, or any other name that no other device has.")]


class DevicesQuery(InputModel):
    name: Line | None = None
    """Any name of the device, in full, or the beginning of its owner's login name."""
    state: _State | None = None
    """The state of its posture, or lost."""
    kind: KindName | None = None
    """The kind of device."""
    os: Line | None = None
    """The operating system, in any case."""
    source: Line | None = None
    """The source whose report is used, in any case."""
    group: Line | None = None
    """A group of the owner, in any case."""
    mail: _Mail | None = None
    """The mail status if it asks with its proof."""
    app: Line | None = None
    """A listed app on the device, by its key or its name."""
    blocked_by: Line | None = None
    """A listed app because of which the device gets no mail, by its key or its name."""
    sources: _Sources | None = None
    """Only devices whose sources contradict each other."""
    before: _Before | None = None
    """The apps were last looked at before this time, or never: a time, a day, or a number of days ago like `7d`."""
    sort: _Sort | None = None
    """The order, descending with `-` before it; by default the order in which devices became known."""
    order: _Order | None = None
    """The direction of the order."""
    after: Cursor | None = None
    """The `next` of the previous page."""
    limit: SmallPage = 50
    """The most devices to return."""


class LostMark(OutputModel):
    """A device, and whether it is marked as lost."""

    id: str
    """Its id in this store."""
    lost_at: datetime | None
    """When it was marked as lost; null if it is not."""


async def list_devices(call: Call, query: DevicesQuery) -> PageOf[DeviceFacts]:
    """List the devices that match all parameters, a page at a time."""
    context, bundle = call.context, call.context.bundle()
    values = query.model_dump(exclude={"after", "limit"}, exclude_none=True)
    asked = read(values.items(), await filter_choices_of(context.store, bundle), call.now)
    if asked.mistakes:
        faults = [Fault(parameter=each.name, detail=each.words) for each in asked.mistakes]
        raise ProblemError(422, errors=faults)
    page = await find_devices(
        context.store, bundle, asked.wanted, call.now, number_of(query.after, 0), query.limit
    )
    items = [device_facts(each.device, bundle, call.now) for each in page.found]
    return PageOf(items=items, next=cursor_of(page.after))


async def get_device(call: Call, device: DeviceName) -> WholeDevice:
    """Get everything that is stored about a device: its reports, its names and the decisions about it."""
    found = await device_called(call, device)
    seen = await sightings_of(call.context.store, found)
    return whole_device(found, seen, call.context.bundle(), call.now)


async def get_timeline(call: Call, device: DeviceName) -> ListOf[Event]:
    """Get the history of a device, the newest event first: reports, decisions and mails."""
    found = await device_called(call, device)
    seen = await sightings_of(call.context.store, found)
    bundle = call.context.bundle()
    return ListOf(items=await device_history(call.context.store, found, seen, bundle, call.now))


async def explain_device(call: Call, device: DeviceName) -> Explanation:
    """Explain the decision for a device on a request like its last one, with every rule that is tried."""
    context, found = call.context, await device_called(call, device)
    seen = await sightings_of(context.store, found)
    access, decision = await decide_last_request(context.store, context.bundle(), found, seen, call.now)
    return await compute(explanation, access, decision, context.bundle().policy)


async def mark_lost(call: Call, device: DeviceName) -> LostMark:
    """Mark a device as lost: it gets nothing, at every gate within a second, whatever the rules say.

    A device that is already lost keeps its time. It counts for the guard: beyond what the guard lets pass by hand, another approver
    has to do the same; the refusal of the first one is noted.
    """
    return await _mark(call, device, lost=True)


async def mark_found(call: Call, device: DeviceName) -> LostMark:
    """Mark a device as found: the rules decide about it again."""
    return await _mark(call, device, lost=False)


async def forget_device(call: Call, device: DeviceName) -> None:
    """Delete a device and everything that is stored about it, including the decisions."""
    found = await device_called(call, device)
    act = replace(call.act("device-forgotten"), about=f"device {found.id}")
    await call.context.store.devices.forget(found.id, call.now, act)


async def ask_sources(call: Call, device: DeviceName) -> ListOf[SourceAnswer]:
    """Ask the sources of a device about it now. Their answers count at once.

    Each source is asked once a minute at most. There is one answer for each that has the device.
    """
    found = await device_called(call, device)
    return ListOf(items=await support_acts.ask_sources(call.context, found, call.person, call.now))


async def _mark(call: Call, name: str, *, lost: bool) -> LostMark:
    found = await device_called(call, name)
    store, guard = call.context.store, call.context.guard
    at = await counted_acts.mark_lost(store, guard, found, call.person, call.now, lost=lost)
    return LostMark(id=found.id, lost_at=at)


async def device_called(call: Call, name: str, status: int = 404) -> Device:
    """The device with this name. Raises ProblemError with this status if there is not exactly one."""
    called = await call.context.store.devices.called(name)
    try:
        return only(called, name)
    except RefusedError as error:
        raise ProblemError(409 if called else status, str(error)) from None


_FIRST = {"device": "items/0/id"}
_SAME = {"device": "$request.path.device"}

OPERATIONS = (
    Operation(
        "GET /devices",
        list_devices,
        links=dict.fromkeys(
            ["get_device", "get_timeline", "explain_device", "mark_lost", "forget_device"], _FIRST
        ),
    ),
    Operation(
        "GET /devices/{device}",
        get_device,
        may_conflict=True,
        links={"explain_sighting": {"sighting": "sightings/0/id"}},
    ),
    Operation(
        "DELETE /devices/{device}",
        forget_device,
        roles=OPERATOR,
        status=204,
        may_conflict=True,
        links={"get_device": _SAME},
    ),
    Operation("GET /devices/{device}/timeline", get_timeline, may_conflict=True),
    Operation("GET /devices/{device}/explanation", explain_device, area="Explain", may_conflict=True),
    Operation(
        "PUT /devices/{device}/lost", mark_lost, roles=EITHER, may_conflict=True, links={"mark_found": _SAME}
    ),
    Operation("POST /devices/{device}/questions", ask_sources, roles=OPERATOR, may_conflict=True),
    Operation("DELETE /devices/{device}/lost", mark_found, roles=OPERATOR, may_conflict=True),
)

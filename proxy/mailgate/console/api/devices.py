"""Devices: looking for them, what is known of one, marking it as lost, forgetting it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import WithJsonSchema

from mailgate.console import support_acts
from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import Fault, ProblemError
from mailgate.console.api.shapes import (
    Answered,
    Asked,
    Cursor,
    Few,
    Line,
    OfKind,
    cursor_of,
    number_of,
    read_by,
    words_of,
)
from mailgate.devices.device import Device, typed_id
from mailgate.views.device_filter import (
    MAILS,
    ORDERS,
    READERS,
    SORTED,
    STATES,
    known_of,
    read,
)
from mailgate.views.device_rows import look
from mailgate.views.devices import DeviceFacts, WholeDevice, device_facts, whole_device
from mailgate.views.explanation import Explanation, explanation
from mailgate.views.recorded_requests import as_it_asks, sightings_of
from mailgate.views.source_answers import SourceAnswer
from mailgate.views.timeline import Event, story_of

SIGHTINGS = 50


_TIMES = [{"format": "date-time"}, {"format": "date"}, {"pattern": "^[0-9]{1,4}d$"}]
_State = Annotated[str, read_by(READERS["state"]), words_of(*STATES)]
_Mail = Annotated[str, read_by(READERS["mail"]), words_of(*MAILS)]
_Before = Annotated[str, read_by(READERS["before"]), WithJsonSchema({"type": "string", "anyOf": _TIMES})]
_Sort = Annotated[str, read_by(READERS["sort"]), words_of(*SORTED)]
_Order = Annotated[str, read_by(READERS["order"]), words_of(*ORDERS)]


class DevicesWanted(Asked):
    """Which devices."""

    name: Line | None = None
    """Called so: any name of a device, whole, or how the login name of its owner begins."""
    state: _State | None = None
    """In this state."""
    kind: OfKind | None = None
    """Of this kind."""
    os: Line | None = None
    """With this system, in any case."""
    source: Line | None = None
    """Whose counting report is of this source, in any case."""
    group: Line | None = None
    """Of a person in this group, in any case."""
    mail: _Mail | None = None
    """That get mail, or do not, asking with their proof."""
    app: Line | None = None
    """With this listed app, by its key or its name."""
    blocked_by: Line | None = None
    """Those that get no mail because of this listed app, by its key or its name."""
    before: _Before | None = None
    """Whose apps were last looked at before this, or never: a time, a day, or so many days ago like `7d`."""
    sort: _Sort | None = None
    """By what they are sorted, descending with `-` before it; by the order in which they became known where left out."""
    order: _Order | None = None
    """In which direction; ascending where left out."""
    after: Cursor | None = None
    """What `next` was of the page before."""
    limit: Few = 50
    """How many at most."""


class DeviceNamed(Asked):
    """One device."""

    device: Line
    """Its id here, or any other name of it that no other device has."""


class Devices(Answered):
    """A page of devices."""

    items: list[DeviceFacts]
    """In the order that was asked for. A page may have fewer than were asked for, even none, and not be the last."""
    next: Cursor | None
    """Where the next page begins, for `after`; null at the end."""


class Timeline(Answered):
    """What became of a device."""

    items: list[Event]
    """The newest first."""


class Answers(Answered):
    """What the sources of a device said."""

    items: list[SourceAnswer]
    """One for each source that has it."""


class Marked(Answered):
    """A device, and whether it is lost."""

    id: str
    """Its id here."""
    lost_at: datetime | None
    """Since when it is marked as lost; null where it is not."""


async def list_devices(call: Call, query: DevicesWanted) -> Devices:
    """Look for devices: all that fit everything that is asked for, a page at a time."""
    context, bundle = call.context, call.context.bundle()
    values = query.model_dump(exclude={"after", "limit"}, exclude_none=True)
    asked = read(values.items(), await known_of(context.store, bundle), call.now)
    if asked.mistakes:
        faults = [Fault(parameter=each.name, detail=each.words) for each in asked.mistakes]
        raise ProblemError(422, errors=faults)
    page = await look(context.store, bundle, asked.wanted, call.now, number_of(query.after, 0), query.limit)
    items = [device_facts(each.device, bundle, call.now) for each in page.found]
    return Devices(items=items, next=cursor_of(page.after))


async def get_device(call: Call, path: DeviceNamed) -> WholeDevice:
    """Say everything that is stored of a device: what each source says, what it is called, what was decided for it."""
    found = await _called(call, path.device)
    seen = await sightings_of(call.context.store, found, SIGHTINGS)
    return whole_device(found, seen, call.context.bundle(), call.now)


async def get_timeline(call: Call, path: DeviceNamed) -> Timeline:
    """Say what became of a device: what was reported, decided and written to somebody."""
    found = await _called(call, path.device)
    seen = await sightings_of(call.context.store, found, SIGHTINGS)
    bundle = call.context.bundle()
    precedence = bundle.settings.posture.precedence
    return Timeline(items=await story_of(call.context.store, found, seen, precedence, bundle.policy))


async def explain_device(call: Call, path: DeviceNamed) -> Explanation:
    """Explain what a device gets now, asking as it did last: every rule that is tried, and what would turn it over."""
    context, found = call.context, await _called(call, path.device)
    seen = await sightings_of(context.store, found, SIGHTINGS)
    access, decision = await as_it_asks(context.store, context.bundle(), found, seen, call.now)
    return explanation(access, decision, context.bundle().policy)


async def mark_lost(call: Call, path: DeviceNamed) -> Marked:
    """Mark a device as lost: it gets nothing, at every gate within a second, whatever the rules say.

    One that is lost already stays so since the same time.
    """
    return await _mark(call, path.device, lost=True)


async def mark_found(call: Call, path: DeviceNamed) -> Marked:
    """Mark a device as found: the rules decide about it again."""
    return await _mark(call, path.device, lost=False)


async def forget_device(call: Call, path: DeviceNamed) -> None:
    """Delete a device and everything that is stored about it, what was decided for it too."""
    found = await _called(call, path.device)
    act = replace(call.act("device-forgotten"), about=f"device {found.id}")
    await call.context.store.devices.forget(found.id, call.now, act)


async def ask_sources(call: Call, path: DeviceNamed) -> Answers:
    """Ask the sources of a device about it at once. What they say counts from then on; each is asked once a minute at most."""
    found = await _called(call, path.device)
    return Answers(items=await support_acts.ask_sources(call.context, found, call.person, call.now))


async def _mark(call: Call, name: str, *, lost: bool) -> Marked:
    found = await _called(call, name)
    at = await support_acts.mark_lost(call.context, found, call.person, call.now, lost=lost)
    return Marked(id=found.id, lost_at=at)


async def _called(call: Call, name: str) -> Device:
    return await device_called(call, name, 404)


async def device_called(call: Call, name: str, status: int) -> Device:
    """The one device of this name. Raises ProblemError, with this status where there is none."""
    called = await call.context.store.devices.called(typed_id(name))
    if not called:
        raise ProblemError(status, "no device is called so")
    if len(called) > 1:
        raise ProblemError(409, f"{len(called)} devices are called so: expected the id of one")
    return called[0]


_ONE = "/devices/{device}"
_FIRST = {"device": "$response.body#/items/0/id"}
_SAME = {"device": "$request.path.device"}

OPERATIONS = (
    Operation(
        "GET",
        "/devices",
        list_devices,
        "Devices",
        links=(
            Link("get_device", _FIRST),
            Link("get_timeline", _FIRST),
            Link("explain_device", _FIRST),
            Link("mark_lost", _FIRST),
            Link("forget_device", _FIRST),
        ),
    ),
    Operation(
        "GET",
        _ONE,
        get_device,
        "Devices",
        refuses=True,
        links=(Link("explain_sighting", {"sighting": "$response.body#/sightings/0/id"}),),
    ),
    Operation(
        "DELETE",
        _ONE,
        forget_device,
        "Devices",
        roles=("operator",),
        status=204,
        refuses=True,
        links=(Link("get_device", _SAME),),
    ),
    Operation("GET", _ONE + "/timeline", get_timeline, "Devices", refuses=True),
    Operation("GET", _ONE + "/explanation", explain_device, "Explain", refuses=True),
    Operation(
        "PUT",
        _ONE + "/lost",
        mark_lost,
        "Devices",
        roles=("operator",),
        refuses=True,
        links=(Link("mark_found", _SAME),),
    ),
    Operation("POST", _ONE + "/questions", ask_sources, "Devices", roles=("operator",), refuses=True),
    Operation("DELETE", _ONE + "/lost", mark_found, "Devices", roles=("operator",), refuses=True),
)

"""What the gate decides at this moment, and what needs a person."""

from datetime import datetime

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import Answered, Asked
from mailgate.console.attention import needs_now
from mailgate.console.sources import Connector, sources_of
from mailgate.views.app_trends import AppTrend, trends_of
from mailgate.views.gates import GateState, Node, gates_if_told
from mailgate.views.readiness import Readiness, Workers
from mailgate.views.traffic import Range, Traffic, traffic_of


class Verdicts(Answered):
    """What was decided about which kind of client in one minute."""

    effect: str
    """What happened: allow, warn, challenge or block."""
    kind: str
    """What the client was taken for."""
    times: int
    """How often."""


class Minute(Answered):
    """One minute in which something was decided."""

    at: datetime
    """When it began."""
    verdicts: list[Verdicts]
    """What was decided in it."""


class Refusals(Answered):
    """Who was not simply let in during the last hour, and why."""

    rule: str
    """The rule that decided."""
    effect: str
    """What it did: warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    times: int
    """How often."""


class Need(Answered):
    """One thing that needs a person."""

    words: str
    """What it is."""
    grave: bool
    """Whether it should not wait."""


class DeviceCount(Answered):
    """How many devices are in which state, counted in the background."""

    since: datetime | None
    """When the count began; null before the first one is through."""
    states: dict[str, int]
    """Devices by state."""


class Gate(Answered):
    """One gate on this store, with all its workers. Where these differ, it is told of the one that is worst off."""

    host: str
    """The computer that it runs on."""
    address: str
    """Where it serves employees."""
    state: GateState
    """`ok`; `taking` up rules that were put in force just now; `behind`, by earlier rules; `gone`, nothing is heard of it."""
    words: str
    """What is wrong with it; empty where nothing is."""
    version: str
    """Of Mailgate."""
    number: int
    """The version of the rules that it decides by."""
    policy: str
    """The same, as decisions call it."""
    since: datetime
    """Since when it decides by these, by its own clock."""
    workers: Workers
    """Its processes."""
    heard_ago: float
    """Seconds since anything was heard of it, by the clock of the database."""


class Now(Answered):
    """What the gate does at this moment."""

    at: datetime
    """The moment."""
    needs: list[Need]
    """What needs a person, the graver first."""
    minutes: list[Minute]
    """The minutes of the last hour in which something was decided, the newest first."""
    refusals: list[Refusals]
    """Who was not simply let in during the last hour, the most frequent first."""
    devices: DeviceCount
    """Devices by state."""
    connectors: list[Connector]
    """Where the devices come from."""
    gate: Readiness
    """This gate."""
    gates: list[Gate] | None
    """Every gate on this store, by host and address; null while the store does not answer."""


async def get_now(call: Call) -> Now:
    """Say what is decided at this moment, and what needs a person.

    Verdicts and refusals are those of the workers of this gate, since the first look after its start.
    """
    context, at = call.context, call.now
    state, gates = await context.readiness(), await gates_if_told(context.store, at)
    minutes = [
        {"at": each.at, "verdicts": [{**v._asdict(), "times": times} for v, times in each.verdicts.items()]}
        for each in reversed(context.verdict_rates.minutes(at))
        if each.total
    ]
    refused = sorted(context.verdict_rates.refusals(at).items(), key=lambda each: (-each[1], each[0]))
    return Now.model_validate(
        {
            "at": at,
            "needs": await needs_now(context, state, at),
            "minutes": minutes,
            "refusals": [{**refusal._asdict(), "times": times} for refusal, times in refused],
            "devices": {
                "since": context.device_counts.last.since,
                "states": context.device_counts.last.states,
            },
            "connectors": sources_of(context, state),
            "gate": state,
            "gates": None if gates is None else [_told(each) for each in gates],
        }
    )


class Span(Asked):
    """How far back."""

    range: Range = "24h"
    """The last hour by minutes, the last 24 hours by hours, or the last 14 or 60 days by UTC days."""


class TrafficAndApps(Answered):
    """What was decided at all gates, and listed apps day by day."""

    traffic: Traffic
    """Verdicts, and what rules did."""
    apps: list[AppTrend]
    """Listed apps that anybody has, day by day, those that keep most people out first."""


async def get_traffic(call: Call, query: Span) -> TrafficAndApps:
    """Say what was decided at all gates within the last hour, day or weeks, and how many people each listed app keeps out."""
    store, days = call.context.store, 60 if query.range == "60d" else 14
    return TrafficAndApps(
        traffic=await traffic_of(store, query.range, call.now),
        apps=await trends_of(store, call.context.bundle(), call.now, days),
    )


def _told(gate: Node) -> Gate:
    beat = gate.beat
    return Gate(
        host=gate.host,
        address=gate.address,
        state=gate.state,
        words=gate.words,
        version=beat.version,
        number=beat.number,
        policy=beat.policy,
        since=beat.since,
        workers=Workers(wanted=beat.workers, answering=gate.answering),
        heard_ago=gate.last.total_seconds(),
    )


OPERATIONS = (
    Operation("GET", "/now", get_now, "Now"),
    Operation("GET", "/now/traffic", get_traffic, "Now"),
)

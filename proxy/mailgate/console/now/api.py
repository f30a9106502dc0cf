"""The current verdicts of the gate, and what needs a person."""

from contextlib import suppress
from datetime import datetime

from mailgate.config.admins import sees_names
from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import InputModel, OutputModel
from mailgate.console.apps.facts import AppTrend, trends_of
from mailgate.console.connectors.sources import ConnectorFacts, sources_of
from mailgate.console.looks import Shows
from mailgate.console.now.attention import Viewer, needs_now
from mailgate.console.now.counting import DeviceStates
from mailgate.console.now.facts import RefusedPeople, WithoutMail, refused_by_day, without_mail
from mailgate.console.now.gates import GateNode, GateState, gates_if_known
from mailgate.console.now.readiness import Readiness, Workers
from mailgate.console.now.traffic import Range, Traffic, traffic_of
from mailgate.model.fact import Fact
from mailgate.store import StoreError


class NeedInWords(OutputModel):
    """Something that needs a person."""

    words: str
    """What it is, in words."""
    more: str
    """Since when, why, or what to do; may be empty."""
    urgent: bool
    """Whether it is urgent."""


class RunningGate(Fact):
    """A gate on this store with all its workers. If these differ, the values are those of the worker in the worst state."""

    host: str
    """The computer on which it runs."""
    address: str
    """The address at which it serves employees."""
    state: GateState
    """`ok`; `taking`: rules were put in force just now, and it does not have them yet; `behind`: it has earlier rules;
    `gone`: it does not report."""
    words: str
    """What is wrong with it; empty if nothing is."""
    version: str
    """The version of Mailgate."""
    number: int
    """The number of the version of its rules."""
    policy: str
    """The version of its policy, as decisions name it."""
    since: datetime
    """When it put these rules in force, by its own clock."""
    workers: Workers
    """Its processes."""
    heard_ago: float
    """The seconds since its last report, by the clock of the database."""


class Now(OutputModel):
    """The current state of the gate."""

    at: datetime
    """The moment."""
    without_mail: WithoutMail | None
    """Who has a device without mail, and why; null before the first count since this gate started."""
    refused: list[RefusedPeople] | None
    """The people who were refused on each of the last 14 days (UTC), today last; null if the store does not answer."""
    needs: list[NeedInWords]
    """What needs you, the most urgent first."""
    devices: DeviceStates
    """The number of devices by state."""
    connectors: list[ConnectorFacts]
    """The connectors."""
    gate: Readiness | None
    """This gate; null for a role that sees numbers without names, since it quotes what admins wrote."""
    gates: list[RunningGate] | None
    """Every gate on this store, by host and address; null if the store does not answer."""


async def get_now(call: Call) -> Now:
    """Get who has no mail, what waits for you, and the state of the gates. `/now/traffic` has their verdicts."""
    context, at = call.context, call.now
    state, gates = await context.readiness(), await gates_if_known(context.store, at)
    sources, reader = await sources_of(context, state), Viewer(call.person.name, call.roles)
    by_day, names = None, sees_names(call.roles)
    with suppress(StoreError):
        by_day = await refused_by_day(context.store, at)
    return Now.model_validate(
        {
            "at": at,
            "without_mail": without_mail(context.counting.outage, context.bundle().policy),
            "refused": by_day,
            "needs": await needs_now(context, state, sources, at, reader),
            "devices": context.counting.devices,
            "connectors": [each if names else each.model_copy(update={"reading": None}) for each in sources],
            "gate": state if names else None,
            "gates": None if gates is None else [*map(_gate_answer, gates)],
        }
    )


class RangeQuery(InputModel):
    range: Range = "24h"
    """The last hour by minutes, the last 24 hours by hours, or the last 14 or 60 days by UTC days."""


class TrafficAndApps(OutputModel):
    """The verdicts of all gates, and listed apps by day."""

    traffic: Traffic
    """The verdicts, also by rule."""
    apps: list[AppTrend]
    """The listed apps that some device has, by day, those that keep most people out first."""


async def get_traffic(call: Call, query: RangeQuery) -> TrafficAndApps:
    """Get the verdicts of all gates within the last hour, day or weeks, and people kept out by each listed app."""
    store, days = call.context.store, 60 if query.range == "60d" else 14
    return TrafficAndApps(
        traffic=await traffic_of(store, query.range, call.now),
        apps=await trends_of(store, call.context.bundle(), call.now, days),
    )


def _gate_answer(gate: GateNode) -> RunningGate:
    workers = Workers(wanted=gate.heartbeat.workers, answering=gate.answering)
    return RunningGate.taken_from(gate, gate.heartbeat, workers=workers, heard_ago=gate.last.total_seconds())


OPERATIONS = (
    Operation("GET /now", get_now, shows=Shows.NAMES_TO_ROLES),
    Operation("GET /now/traffic", get_traffic, shows=Shows.NUMBERS),
)

"""The state of the gates on one store: up to date with the rules in force, behind, or gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from mailgate.console.words import length_in_words
from mailgate.model.phrase import phrase
from mailgate.store import Activation, GateHeartbeat, LastHeartbeat, Store, StoreError

MISSED_AFTER = timedelta(seconds=20)
"""A gate that has been silent for this long is gone. It reports to the store every five seconds."""
UPDATE_TIME = timedelta(seconds=10)
"""How long a gate may take to load new rules. It usually takes a second."""


class GateState(StrEnum):
    """The states of a gate, the worst last."""

    OK = "ok"
    TAKING = "taking"
    """New rules were put in force just now, so the gate may not have them yet."""
    BEHIND = "behind"
    GONE = "gone"


_ORDER = list(GateState)


@dataclass(frozen=True, slots=True)
class GateNode:
    """One gate with all its workers."""

    host: str
    address: str
    state: GateState
    words: str
    """What is wrong with it; empty if nothing is."""
    heartbeat: GateHeartbeat
    """The last report of the worker in the worst state."""
    last_heartbeats: tuple[LastHeartbeat, ...]
    """The last reports of its workers."""

    @property
    def answering(self) -> int:
        return sum(each.ago < MISSED_AFTER for each in self.last_heartbeats)

    @property
    def last(self) -> timedelta:
        """The time since its last report."""
        return min(each.ago for each in self.last_heartbeats)


async def gates_now(store: Store, now: datetime) -> list[GateNode]:
    """The state of every gate on the store. Raises StoreUnavailableError."""
    return nodes(await store.gates.last_heartbeats(), await store.policies.active(), now)


async def gates_if_known(store: Store, now: datetime) -> list[GateNode] | None:
    """The state of the gates; None if the store does not answer."""
    try:
        return await gates_now(store, now)
    except StoreError:
        return None


def nodes(heard: Sequence[LastHeartbeat], active: Activation | None, now: datetime) -> list[GateNode]:
    """Group workers to gates, by host and address."""
    by_gate = groupby(heard, key=lambda each: (each.heartbeat.host, each.heartbeat.address))
    return [_node(host, address, list(found), active, now) for (host, address), found in by_gate]


def _node(
    host: str, address: str, heard: list[LastHeartbeat], active: Activation | None, now: datetime
) -> GateNode:
    present = [each for each in heard if each.ago < MISSED_AFTER]
    judged = [(_state(each, active, now), each) for each in present or heard]
    state, worst = max(judged, key=lambda pair: _ORDER.index(pair[0]))
    return GateNode(host, address, state, _words(state, worst, active), worst.heartbeat, tuple(heard))


def _state(each: LastHeartbeat, active: Activation | None, now: datetime) -> GateState:
    if each.ago >= MISSED_AFTER:
        return GateState.GONE
    if active is None or each.heartbeat.serial >= active.serial:
        return GateState.OK
    return GateState.TAKING if now - active.at < UPDATE_TIME else GateState.BEHIND


def _words(state: GateState, each: LastHeartbeat, active: Activation | None) -> str:
    if state is GateState.GONE:
        return phrase(
            "we have not heard from it for %(span)s. It has stopped, or cannot reach the database",
            span=span(each.ago),
        )
    if state is GateState.OK or active is None:
        return ""
    versions = {"old": str(each.heartbeat.number), "new": str(active.number)}
    if state is GateState.TAKING:
        return phrase("it still decides by version %(old)s and is taking up version %(new)s", **versions)
    return phrase("it still decides by version %(old)s, not by version %(new)s", **versions)


def span(time: timedelta) -> str:
    """A rounded length of time, in the largest unit that it has at least two of."""
    return length_in_words(*roughly(time))


def roughly(time: timedelta) -> tuple[int, str]:
    """The number and the unit of a rounded length of time."""
    seconds = int(time.total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return seconds // size, unit
    return seconds, "seconds"

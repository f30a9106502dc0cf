"""How gates fare: by what they said last, and how long ago."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.test_gates import BEAT

from mailgate.console.now.gates import MISSED_AFTER, UPDATE_TIME, GateNode, GateState, nodes, span
from mailgate.store import Activation, LastHeartbeat

ACTIVE = Activation(6, 5, "def", "digest", "ada", "agreed", NOW - timedelta(minutes=1))
CURRENT = replace(BEAT, number=5, serial=6)
JUST = timedelta(seconds=2)


def one(*heard: LastHeartbeat, active: Activation | None = ACTIVE) -> GateNode:
    (found,) = nodes(heard, active, NOW)
    return found


@pytest.mark.parametrize(
    ("heard", "active", "state", "words"),
    [
        (LastHeartbeat(CURRENT, JUST), ACTIVE, GateState.OK, ""),
        (LastHeartbeat(BEAT, JUST), None, GateState.OK, ""),
        (LastHeartbeat(BEAT, JUST), ACTIVE, GateState.BEHIND, "still decides by version 3, not by version 5"),
        (
            LastHeartbeat(BEAT, JUST),
            replace(ACTIVE, at=NOW),
            GateState.TAKING,
            "version 3 and is taking up version 5",
        ),
        (
            LastHeartbeat(CURRENT, MISSED_AFTER),
            ACTIVE,
            GateState.GONE,
            "we have not heard from it for 20 seconds",
        ),
    ],
)
def test_a_gate_is_well_behind_or_silent_by_its_last_heartbeat(
    heard: LastHeartbeat, active: Activation | None, state: GateState, words: str
) -> None:
    found = one(heard, active=active)
    assert (found.state, words in found.words) == (state, True)


def test_a_gate_is_as_well_off_as_the_worker_that_is_worst_off() -> None:
    found = one(LastHeartbeat(CURRENT, JUST), LastHeartbeat(replace(BEAT, worker=1), timedelta()))
    assert (found.state, found.heartbeat.worker, found.answering, found.last) == (
        GateState.BEHIND,
        1,
        2,
        timedelta(),
    )


def test_a_worker_that_died_does_not_make_the_gate_gone() -> None:
    found = one(LastHeartbeat(CURRENT, JUST), LastHeartbeat(replace(CURRENT, worker=1), MISSED_AFTER))
    assert (found.state, found.answering) == (GateState.OK, 1)


def test_gates_stand_by_their_place() -> None:
    heard = [
        LastHeartbeat(CURRENT, JUST),
        LastHeartbeat(replace(CURRENT, address="http://b"), JUST),
        LastHeartbeat(replace(CURRENT, host="gate-2"), JUST),
    ]
    assert len(nodes(heard, ACTIVE, NOW)) == 3
    assert nodes([], ACTIVE, NOW) == []


def test_rules_have_a_moment_to_arrive() -> None:
    late = replace(ACTIVE, at=NOW - UPDATE_TIME)
    assert one(LastHeartbeat(BEAT, JUST), active=late).state is GateState.BEHIND


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_a_span_is_told_in_words(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words

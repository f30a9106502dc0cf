"""How gates fare: by what they said last, and how long ago."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.test_gates import BEAT

from mailgate.store import Activation, Heard
from mailgate.views.gates import MISSED, TAKES, GateState, Node, nodes, span

ACTIVE = Activation(6, 5, "def", "digest", "ada", "agreed", NOW - timedelta(minutes=1))
CURRENT = replace(BEAT, number=5, serial=6)
JUST = timedelta(seconds=2)


def one(*heard: Heard, active: Activation | None = ACTIVE) -> Node:
    (found,) = nodes(heard, active, NOW)
    return found


@pytest.mark.parametrize(
    ("heard", "active", "state", "words"),
    [
        (Heard(CURRENT, JUST), ACTIVE, GateState.OK, ""),
        (Heard(BEAT, JUST), None, GateState.OK, ""),
        (
            Heard(BEAT, JUST),
            ACTIVE,
            GateState.BEHIND,
            "still decides by version 3, though version 5 is in force",
        ),
        (
            Heard(BEAT, JUST),
            replace(ACTIVE, at=NOW),
            GateState.TAKING,
            "version 3 and is taking up version 5",
        ),
        (Heard(CURRENT, MISSED), ACTIVE, GateState.GONE, "nothing was heard of it for 20 seconds"),
    ],
)
def test_one_gate(heard: Heard, active: Activation | None, state: GateState, words: str) -> None:
    found = one(heard, active=active)
    assert (found.state, words in found.words) == (state, True)


def test_a_gate_is_as_well_off_as_the_worker_that_is_worst_off() -> None:
    found = one(Heard(CURRENT, JUST), Heard(replace(BEAT, worker=1), timedelta()))
    assert (found.state, found.beat.worker, found.answering, found.last) == (
        GateState.BEHIND,
        1,
        2,
        timedelta(),
    )


def test_a_worker_that_died_does_not_make_the_gate_gone() -> None:
    found = one(Heard(CURRENT, JUST), Heard(replace(CURRENT, worker=1), MISSED))
    assert (found.state, found.answering) == (GateState.OK, 1)


def test_gates_stand_by_their_place() -> None:
    heard = [
        Heard(CURRENT, JUST),
        Heard(replace(CURRENT, address="http://b"), JUST),
        Heard(replace(CURRENT, host="gate-2"), JUST),
    ]
    assert len(nodes(heard, ACTIVE, NOW)) == 3
    assert nodes([], ACTIVE, NOW) == []


def test_rules_have_a_moment_to_arrive() -> None:
    late = replace(ACTIVE, at=NOW - TAKES)
    assert one(Heard(BEAT, JUST), active=late).state is GateState.BEHIND


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_about_how_long(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words

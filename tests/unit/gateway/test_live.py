"""What a reload replaces."""

from dataclasses import fields, is_dataclass

import pytest
from tests.unit.gateway.gates import ask, gate, policy, renew
from tests.unit.gateway.phones import PROXIES

from mailgate.gateway.live import InForce, Live


def parts_of(part, seen):
    """A part, and whatever it is made of that stands in ``mailgate.gateway``."""
    if id(part) in seen or not type(part).__module__.startswith("mailgate.gateway"):
        return
    seen[id(part)] = part
    names = (
        [each.name for each in fields(part)]
        if is_dataclass(part)
        else vars(part)
        if hasattr(part, "__dict__")
        else ()
    )
    for name in names:
        parts_of(getattr(part, name), seen)


def test_every_part_of_a_gate_looks_at_the_same_place():
    seen = {}
    parts_of(gate(), seen)
    assert len([each for each in seen.values() if isinstance(each, InForce)]) == 1
    assert len([each for each in seen.values() if isinstance(each, Live)]) == 1


def test_the_live_parts_change_only_as_a_whole():
    on = gate()
    with pytest.raises(AttributeError):
        on.in_force.live.trusted = PROXIES
    with pytest.raises(AttributeError):
        on.in_force = InForce(on.in_force.live)


async def test_the_next_request_is_served_by_what_replaced_it():
    on = gate()
    assert (await ask(on, "/block"))[0] == 403
    renew(on, policy=policy(({"id": "all", "when": "true", "effect": "allow"},)))
    assert (await ask(on, "/block"))[0] == 200

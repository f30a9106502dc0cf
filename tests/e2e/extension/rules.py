"""Rules that change while the extension runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from tests.e2e.gate import GuardedWebmail
from tests.integration.gate import PHONE_RULES, wait_for

from mailgate.attest.mint import AttestedDevice

PHONE_REFUSED = "This browser gets mail. Your phone does not: TikTok is on it."
_numbers = count(1)
BEFORE_THE_NEXT_LOOK = 40.0
"""Seconds that are fewer than the 45 between two questions of the extension itself: an open popup asks far more often (docs/extension.md)."""


@contextmanager
def no_laptops(gate: GuardedWebmail) -> Iterator[None]:
    """A rule against laptops is in force while the body runs: a new one each time, since one that files have taken back comes in force
    again only by a plan."""
    rule = {"id": f"no-laptops-{next(_numbers)}", "when": 'client.kind == "laptop"', "effect": "block"}
    policy = gate.config.parent / "policy.yaml"
    kept = policy.read_text()
    _put_in_force(gate, json.dumps({"rules": [rule, *PHONE_RULES["rules"]]}))
    try:
        yield
    finally:
        _put_in_force(gate, kept)


@contextmanager
def phone_with_tiktok(gate: GuardedWebmail) -> Iterator[None]:
    """Alice's phone reports TikTok while the body runs, and none afterwards."""
    phone = AttestedDevice("phone-of-alice", user="alice", apps=("tiktok",))
    gate.report(phone)
    try:
        yield
    finally:
        gate.report(replace(phone, apps=()))


def _put_in_force(gate: GuardedWebmail, policy: str) -> None:
    changed = _changes(gate)
    (gate.config.parent / "policy.yaml").write_text(policy)
    assert wait_for(lambda: _changes(gate) > changed)


def _changes(gate: GuardedWebmail) -> int:
    return [record.get("event") for record in gate.gate.records()].count("config-applied")

"""Rules that change while the extension runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.gate import GuardedWebmail
from tests.integration.gate import PHONE_RULES, wait_for

NO_LAPTOPS = {
    "id": "no-laptops",
    "when": 'client.kind == "laptop"',
    "effect": "block",
}
BEFORE_THE_NEXT_LOOK = 40.0
"""Seconds that are fewer than the 45 between two questions of the extension itself: an open popup asks far more often (docs/extension.md)."""


@contextmanager
def no_laptops(gate: GuardedWebmail) -> Iterator[None]:
    """A rule against laptops is in force while the body runs."""
    policy = gate.config.parent / "policy.yaml"
    kept = policy.read_text()
    _put_in_force(gate, json.dumps({"rules": [NO_LAPTOPS, *PHONE_RULES["rules"]]}))
    try:
        yield
    finally:
        _put_in_force(gate, kept)


def _put_in_force(gate: GuardedWebmail, policy: str) -> None:
    changed = _changes(gate)
    (gate.config.parent / "policy.yaml").write_text(policy)
    assert wait_for(lambda: _changes(gate) > changed)


def _changes(gate: GuardedWebmail) -> int:
    return [record.get("event") for record in gate.gate.records()].count("config-applied")

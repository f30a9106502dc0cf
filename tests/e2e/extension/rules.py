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
PROMISED, PROMISED_OPEN = 60.0, 5.0
"""Seconds until a change of the rules shows, and while the popup is open: what docs/extension.md says."""
TIMEOUT_SECONDS = 20.0


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
    assert wait_for(lambda: _changes(gate) > changed, TIMEOUT_SECONDS)


def _changes(gate: GuardedWebmail) -> int:
    return [record.get("event") for record in gate.gate.records()].count("config-applied")

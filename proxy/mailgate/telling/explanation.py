"""One decision with everything that led to it: every rule that was tried, in order, and the values that it saw."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from mailgate.model import Access, Decision, RuleTrial
from mailgate.policy import Policy
from mailgate.policy.variables import VARIABLES
from mailgate.simulate import both_ways
from mailgate.telling.flips import flips_told


def explanation(access: Access, decision: Decision, policy: Policy) -> dict[str, Any]:
    """The whole story as plain data."""
    reads = {rule.id: rule.when.reads for rule in policy.rules}
    tried = [_trial(trial, reads.get(trial.rule, frozenset()), access) for trial in decision.trials]
    reached = {trial.rule for trial in decision.trials}
    client = asdict(access.client) | {"contradicted": access.client.contradicted}
    return {
        "request": {name: getattr(access.facts, name) for name in ("method", "target", "scheme", "host")},
        "user": asdict(access.user),
        "now": access.now,
        "client": client,
        "device": asdict(access.posture),
        "attestation": asdict(access.attestation) if access.attestation else None,
        "certificate": _certificate(access),
        "rules": tried,
        "not_reached": [rule.id for rule in policy.rules if rule.id not in reached],
        "decision": {
            name: value for name, value in asdict(decision).items() if name not in ("trials", "would")
        }
        | {"would": [trial.rule for trial in decision.would]},
    }


def explanation_with_flips(access: Access, decision: Decision, policy: Policy) -> dict[str, Any]:
    """The whole story, and what would turn it over."""
    flips = both_ways(access, policy, decision.effect)
    return explanation(access, decision, policy) | {"flips": flips_told(flips, policy.catalog)}


def _certificate(access: Access) -> dict[str, Any] | None:
    """All but the certificates themselves."""
    if access.certificate is None:
        return None
    return {name: value for name, value in asdict(access.certificate).items() if name != "chain"}


def _trial(trial: RuleTrial, reads: frozenset[str], access: Access) -> dict[str, Any]:
    values = {name: VARIABLES[name].read(access) for name in VARIABLES if name in reads}
    return asdict(trial) | {"values": values}


def plain(value: object) -> object:
    """What JSON has no form for, in one."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return sorted(value) if isinstance(value, frozenset) else str(value)

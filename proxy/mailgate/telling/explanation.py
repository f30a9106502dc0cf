"""One decision with everything that led to it: every rule that was tried, in order, and the values that it saw."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue, with_config
from typing_extensions import TypedDict

from mailgate.model import Access, Decision, RuleTrial
from mailgate.policy import Policy
from mailgate.policy.variables import VARIABLES
from mailgate.simulate import both_ways
from mailgate.telling.flips import FlipsTold, flips_told
from mailgate.telling.plain import TOLD, Instant


@with_config(TOLD)
class AskedOf(TypedDict):
    """The request."""

    method: str
    """Its method."""
    target: str
    """Path and query."""
    scheme: str
    """`http` or `https`, or the protocol of a login: `imap`, `pop3`, `submission`."""
    host: str
    """The host that was asked."""


@with_config(TOLD)
class AskedBy(TypedDict):
    """Who asked."""

    name: str
    """The login name; empty where nobody is named."""
    groups: list[str]
    """The groups that they are in."""
    grouped: bool
    """Whether the groups are known."""


@with_config(TOLD)
class Trial(TypedDict):
    """One rule that was tried."""

    rule: str
    """Its id."""
    condition: str
    """Its condition."""
    matched: bool
    """Whether the condition is met."""
    stage: str
    """Its stage at that moment."""
    effect: str | None
    """What it would do; null where it does nothing."""
    note: str
    """What is to be said of it; empty in most cases."""
    values: dict[str, JsonValue]
    """The values that its condition saw, by variable."""


@with_config(TOLD)
class Outcome(TypedDict):
    """The decision."""

    effect: str
    """What happens: allow, warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    rule: str
    """The rule that decided."""
    policy_version: str
    """The version of the policy."""
    title: str
    """The title of the rule."""
    fix: str
    """What ends it, as the rule says."""
    contact: str
    """Whom to ask."""
    apps: list[str]
    """The listed apps that it is about, by their key."""
    deadline: Instant | None
    """When a warning becomes a refusal."""
    reliefs: int
    """The state of exemptions and rules that are off that it rests on."""
    would: list[str]
    """Report-only rules that would have done something."""


@with_config(TOLD)
class Explanation(TypedDict):
    """One decision with everything that led to it."""

    request: AskedOf
    """The request."""
    user: AskedBy
    """Who asked."""
    now: Instant
    """The moment that it was decided for."""
    client: dict[str, JsonValue]
    """What the client was taken for, with every signal and finding."""
    device: dict[str, JsonValue]
    """The posture of the device."""
    attestation: dict[str, JsonValue] | None
    """What its signed proof is worth; null where there was none."""
    certificate: dict[str, JsonValue] | None
    """What its TLS client certificate is worth; null where there was none."""
    rules: list[Trial]
    """Every rule that was tried, in order."""
    not_reached: list[str]
    """Rules behind the one that decided."""
    decision: Outcome
    """What came of it."""


@with_config(TOLD)
class ExplanationWithFlips(Explanation):
    """One decision with everything that led to it, and what would turn it over."""

    flips: list[FlipsTold]
    """The smallest changes that lead to another effect."""


def explanation(access: Access, decision: Decision, policy: Policy) -> dict[str, Any]:
    """The whole story as data; ``plainly`` makes what JSON has no form for plain."""
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


def plainly(told: dict[str, Any]) -> ExplanationWithFlips:
    """The same as plain data, exactly as the command line prints it."""
    found: ExplanationWithFlips = json.loads(json.dumps(told, default=plain))
    return found


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

"""One decision with everything that led to it: every rule that was tried, in order, and the values that it saw."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import JsonValue, SkipValidation

from mailgate.console.explain.flips import FlipsFacts, flips_facts
from mailgate.model import Access, Client, Decision, RuleTrial
from mailgate.model.fact import Fact, Instant, Words
from mailgate.policy import Policy
from mailgate.policy.simulate.flip import flips_both_ways
from mailgate.policy.variables import VARIABLES


class ExplainedRequest(Fact):
    """The request that was decided."""

    method: str
    """Its method."""
    target: str
    """Its path and query."""
    scheme: str
    """`http` or `https`, or the protocol of a login: `imap`, `pop3`, `submission`."""
    host: str
    """The host in the request."""


class ExplainedUser(Fact):
    """The person who asked."""

    name: str
    """The login name; empty if unknown."""
    groups: list[str]
    """The groups of the person."""
    groups_known: bool
    """Whether the groups are known."""


class Trial(Fact):
    """One rule that was tried."""

    rule: str
    """Its id."""
    condition: str
    """Its condition."""
    matched: bool
    """Whether its condition holds."""
    stage: str
    """Its stage at that moment."""
    effect: str | None
    """The effect of the rule if it matches; null if it has none."""
    note: Words
    """A remark on the trial, usually empty."""
    values: dict[str, JsonValue]
    """The values that its condition read, by variable."""


class ExplainedDecision(Fact):
    """The decision."""

    effect: str
    """The effect: allow, warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    rule: str
    """The rule that decided."""
    policy_version: str
    """The version of the policy."""
    title: str
    """The title of the rule."""
    fix: str
    """What people can do about it, as a word of `notice.fix`; empty if the rule names nothing."""
    contact: str
    """The contact from the rule's `notice.contact`; empty if it has none."""
    apps: list[str]
    """The keys of the listed apps that decided."""
    deadline: Instant | None
    """When a warning becomes a refusal; null if it does not."""
    reliefs: int
    """The serial number of the reliefs that the decision used."""
    would: list[str]
    """Report-only rules that would have had an effect."""


class Explanation(Fact):
    """One decision with everything that led to it, and what would turn it over."""

    request: ExplainedRequest
    """The request."""
    user: ExplainedUser
    """Who asked."""
    now: Instant
    """The time for which it was decided."""
    client: Annotated[dict[str, JsonValue], SkipValidation]
    """The client as it was recognised, with its signals and findings."""
    device: dict[str, JsonValue]
    """The posture of the device."""
    attestation: dict[str, JsonValue] | None
    """The result of its attestation; null if there was none."""
    certificate: dict[str, JsonValue] | None
    """The result of its client certificate; null if there was none."""
    rules: list[Trial]
    """Every rule that was tried, in order."""
    not_reached: list[str]
    """The rules after the one that decided."""
    decision: ExplainedDecision
    """The decision."""
    flips: list[FlipsFacts]
    """The smallest changes that lead to another effect."""

    @property
    def shows(self) -> dict[str, JsonValue]:
        """Whom it shows (``looks.py``)."""
        return {"person": self.device["owner"] or self.user.name, "device": self.device["device_id"]}


def explanation(access: Access, decision: Decision, policy: Policy) -> Explanation:
    """Explain a decision in full, with the smallest changes that would turn it over."""
    facts, certificate = access.facts, access.certificate
    reads = {rule.id: rule.when.reads for rule in policy.rules}
    reached = {trial.rule for trial in decision.trials}
    return Explanation(
        request=ExplainedRequest.taken_from(facts),
        user=ExplainedUser.taken_from(access.user),
        now=access.now,
        client=_plainly(access.client) | _doubts(access.client),
        device=_plainly(access.posture),
        attestation=_plainly(access.attestation) if access.attestation else None,
        certificate=_plainly(certificate, but="chain") if certificate else None,
        rules=[_trial(trial, reads.get(trial.rule, frozenset()), access) for trial in decision.trials],
        not_reached=[rule.id for rule in policy.rules if rule.id not in reached],
        decision=ExplainedDecision.taken_from(decision, would=[trial.rule for trial in decision.would]),
        flips=flips_facts(flips_both_ways(access, policy, decision.effect), policy.catalog),
    )


def _doubts(client: Client) -> dict[str, Any]:
    """The findings of a client. Their details stay phrases."""
    found = [{"reason": each.reason.value, "detail": each.detail} for each in client.findings]
    return {"contradicted": client.contradicted, "findings": found}


def _trial(trial: RuleTrial, reads: frozenset[str], access: Access) -> Trial:
    values = {name: VARIABLES[name].read(access) for name in VARIABLES if name in reads}
    return Trial(
        **_plainly(trial, "note"), note=trial.note, values=json.loads(json.dumps(values, default=plain))
    )


def _plainly(noun: Any, but: str = "") -> dict[str, Any]:
    """A value of the model as JSON, without the fields in ``but``."""
    said: dict[str, Any] = json.loads(json.dumps(asdict(noun), default=plain))
    said.pop(but, None)
    return said


def plain(value: object) -> object:
    """A value that JSON does not have, in a form that it has."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return sorted(value) if isinstance(value, frozenset) else str(value)

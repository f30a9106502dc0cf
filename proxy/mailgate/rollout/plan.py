"""A plan: what a candidate would change, for whom, as plain data that everybody can read and a digest that binds it."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from mailgate.config import Rules, compile_rules
from mailgate.config.rehearsal import run_cases
from mailgate.model import Effect
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.changes import changes
from mailgate.policy.reach import unreachable
from mailgate.policy.reliefs import Reliefs
from mailgate.rollout.simulation import Progress, Task, simulate
from mailgate.rollout.unreported import catalogs_since, unreported
from mailgate.simulate import (
    DIMENSIONS,
    KNOWN,
    OUT,
    SAMPLED,
    TOUCHED,
    UNDATED,
    UNKNOWN,
    Outcome,
    Sample,
    Tally,
    later,
    sampled,
    turns,
    undated,
)
from mailgate.store import Activation, Store, Version

LABELS = (Effect.BLOCK.value, Effect.CHALLENGE.value, Effect.WARN.value, Effect.ALLOW.value, UNKNOWN)
"""What may be new for somebody, the hardest first; last what cannot be told."""

DAYS = 14
"""How many days of sightings are looked at unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """On what a plan rests: sightings of so many days, reports of such an age and sources, as of now."""

    now: datetime
    days: int
    max_age: timedelta
    precedence: tuple[str, ...] = ()


async def make_plan(
    store: Store,
    url: str,
    active: Activation,
    candidate: Rules,
    scope: Scope,
    workers: int,
    progress: Progress,
) -> dict[str, Any]:
    """The plan as plain data. Raises StoreUnavailableError.

    :param url: of the store, for the other processes that take part.
    :param active: what is in force, and what the candidate is compared with.
    """
    version = await store.policies.get(active.number)
    assert version is not None  # a foreign key holds it
    reliefs = await store.reliefs.current(scope.now)
    old, new = (
        each.relieved(reliefs).policy
        for each in (await asyncio.to_thread(compile_rules, version.texts), candidate)
    )
    moments, stand_ins = turns((old, new), scope.now), sampled((old, new), scope.now)
    since = (scope.now - timedelta(days=scope.days)).date()
    task = Task(
        url,
        version.texts,
        candidate.texts,
        scope.max_age,
        scope.precedence,
        since,
        scope.now,
        reliefs,
        moments,
        stand_ins,
    )
    reported = await catalogs_since(store, active, scope.now - scope.max_age)
    tally = await simulate(store, task, workers, progress)
    body = {
        "made_at": scope.now.isoformat(),
        "window": {"days": scope.days, "since": since.isoformat()},
        "active": {
            "serial": active.serial,
            "number": version.number,
            "policy": version.policy,
            "digest": version.digest,
        },
        "candidate": {"policy": candidate.policy.version, "digest": candidate.digest},
        "reliefs": _of_reliefs(reliefs, scope.now),
        **await asyncio.to_thread(_of_rules, version, candidate, tally, scope.now),
        "unreported": unreported(reported, old, new),
        **_of_people(tally),
        "later": [_later(tally, each) for each in moments],
        "undated": _undated(tally, (old, new), len(stand_ins)),
        "kept_out": _counts(tally, (OUT,)),
        "known": _known(tally),
    }
    return {"digest": digest_of(body)} | body


def _of_reliefs(reliefs: Reliefs, now: datetime) -> dict[str, Any]:
    """What the plan takes for granted: who is exempt, and which rules are off."""
    exempt = reliefs.exemptions(now)
    return {
        "serial": reliefs.serial,
        "exempt": {
            "people": len({each.person for each in exempt if each.person}),
            "devices": len({each.device for each in exempt if each.device}),
        },
        "off": {each.rule: str(each) for each in reliefs.for_everybody(now)},
    }


def digest_of(plan: Mapping[str, Any]) -> str:
    """What binds a plan: policy, lists, data window and outcome. The SHA-256 of all that is kept of it but the digest."""
    rest = {name: value for name, value in without_names(plan).items() if name != "digest"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _of_rules(active: Version, candidate: Rules, tally: Tally, now: datetime) -> dict[str, Any]:
    old, new = compile_rules(active.texts).policy, candidate.policy
    outcomes = list(run_cases(candidate.cases, new, now))
    reach = unreachable(new, now)
    return {
        "changes": [asdict(change) for change in changes(old, new)],
        "cases": {
            "run": len(outcomes),
            "failed": [
                {"name": each.case.name, "wrong": {k: [str(w), str(g)] for k, (w, g) in each.wrong.items()}}
                for each in outcomes
                if each.wrong
            ],
        },
        "rules": {
            "match_nobody": [
                r.id
                for r in new.rules
                if not tally.matched[r.id] and r.id not in reach and _runs(new, r.id, now)
            ],
            "out_of_reach": reach,
            "not_started": [r.id for r in new.rules if not _runs(new, r.id, now)],
        },
        "newly_listed": _newly_listed(old.catalog, new.catalog),
    }


def _runs(policy: Policy, name: str, now: datetime) -> bool:
    """Whether the rule is read at all by now: one that starts later matches nobody yet."""
    rule = next(each for each in policy.rules if each.id == name)
    return rule.stages is None or rule.stages.at(now).value != "pending"


def _newly_listed(old: AppCatalog, new: AppCatalog) -> list[str]:
    """Names of apps that no report can tell of, because they were not listed when it was made."""
    return [app.name for key, app in new.apps.items() if key not in old.apps]


def _of_people(tally: Tally) -> dict[str, Any]:
    return {
        "totals": {
            "people": len(tally.people),
            "devices": tally.devices,
            "clients": tally.clients,
            "occasions": tally.occasions,
        },
        "untouched": {
            "people": len(tally.people) - tally.people.count((TOUCHED,)),
            "devices": tally.devices + tally.clients - tally.subjects[TOUCHED,],
        },
        "newly": {label: _newly(tally, label) for label in LABELS},
        "moves": [
            {"from": cell[0], "to": cell[1], **_counts(tally, cell)}
            for cell in sorted(tally.subjects)
            if _is_move(cell)
        ],
        "hangs_on": dict(sorted(tally.untold.items())),
    }


def _known(tally: Tally) -> dict[str, int]:
    """How many people and devices there are for all that more than their own word tells. Whoever is known has a device."""
    people = tally.people.count((KNOWN,))
    return {"people": people, "devices": max(tally.devices, people)}


def _is_move(cell: tuple[str, ...]) -> bool:
    return len(cell) == 2


def _newly(tally: Tally, label: str) -> dict[str, Any]:
    by: dict[str, list[dict[str, Any]]] = {dimension: [] for dimension in DIMENSIONS}
    for cell in sorted(tally.subjects, key=lambda cell: (-tally.subjects[cell], cell)):
        if len(cell) == 3 and cell[0] == label:
            by[cell[1]].append({"value": cell[2], **_counts(tally, cell)})
    return {**_counts(tally, (label,)), "by": by, "samples": _samples(tally, label)}


def _later(tally: Tally, moment: datetime) -> dict[str, Any]:
    """Who moves at a later moment, with every grace over."""
    newly = {}
    for label in LABELS:
        cell = later(moment, label)
        newly[label] = {**_counts(tally, cell), "samples": _samples(tally, " ".join(cell))}
    return {"at": moment.isoformat(), "newly": newly}


def _undated(tally: Tally, policies: Iterable[Policy], sampled: int) -> dict[str, Any]:
    """Who may be kept out at a moment that cannot be told: of the rules that use the clock so, and at the sampled moments."""
    rules = {
        rule.id
        for policy in policies
        for rule in policy.rules
        if undated(rule.when) or (tally.subjects[UNDATED,] and "device.state" in rule.when.reads)
    }
    newly = {label: _counts(tally, (SAMPLED, label)) for label in LABELS}
    return {
        **_counts(tally, (UNDATED,)),
        "samples": _samples(tally, UNDATED),
        "rules": sorted(rules),
        "sampled": {
            "moments": sampled,
            "first": tally.first.isoformat() if tally.first else None,
            "newly": {
                label: {**counts, "samples": _samples(tally, f"{SAMPLED} {label}")}
                for label, counts in newly.items()
            },
        },
    }


def _samples(tally: Tally, label: str) -> list[dict[str, Any]]:
    return [_sample(each) for (of, _), kept in sorted(tally.samples.items()) if of == label for each in kept]


def without_names(part: Any) -> Any:
    """A plan, or a part of one, without its samples: with nobody's name."""

    if isinstance(part, Mapping):
        return {name: without_names(each) for name, each in part.items() if name != "samples"}
    return [without_names(each) for each in part] if isinstance(part, list) else part


def _counts(tally: Tally, cell: tuple[str, ...]) -> dict[str, int]:
    return {"people": tally.people.count(cell), "devices": tally.subjects[cell]}


def _sample(sample: Sample) -> dict[str, Any]:
    client, posture = sample.occasion.after.client, sample.occasion.after.posture
    return {
        "person": sample.occasion.person,
        "device": sample.subject.id,
        "kind": client.kind.value,
        "system": client.os or posture.os,
        "state": posture.state.value,
        "apps": list(posture.apps),
        "from": _outcome(sample.before),
        "to": _outcome(sample.after),
    }


def _outcome(outcome: Outcome) -> dict[str, str]:
    return {"effect": outcome.effect, "rule": outcome.rule, "reason": outcome.reason.value}

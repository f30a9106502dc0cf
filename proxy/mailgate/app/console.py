"""Makes the context of the console of a running gate."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import gethostname
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from mailgate.app.changes import RuleChanges
from mailgate.app.clock import utc_now
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.readiness import ObservedGate, readiness
from mailgate.config import Bundle, Rules, load_bundle, load_candidate
from mailgate.console.connectors.reading import Progress, Readings
from mailgate.console.context import ConsoleContext
from mailgate.console.devices.rows import catch_up, refresh
from mailgate.console.explain.requests import posture_now
from mailgate.console.now.counting import AppCounting, DeviceCounts
from mailgate.console.now.verdict_rates import VerdictRates
from mailgate.console.plans.outcome import compare_all_refusals
from mailgate.console.plans.planning import Planning
from mailgate.devices.device import Device
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.model.phrase import joined, phrase
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import plan_and_keep
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.rollout.version_in_force import WORKERS
from mailgate.store import Postures, Store, StoreError

CATCH_UP_SECONDS = 10.0
"""The seconds between two comparisons of first refusals with the plan in force."""
TRIM_SECONDS = 900.0
"""The seconds between two deletions of counts after their retention time."""


class ConsoleGate(ObservedGate, Protocol):
    """The parts of a service that the console needs besides those for readiness."""

    config: Path
    bundle: Bundle
    postures: Postures
    reliefs: ReliefWatch
    rule_changes: RuleChanges


def context_for(service: ConsoleGate) -> ConsoleContext:
    """The parts of this gate that the console uses. Their tasks do not run yet (``running``)."""

    def state(device: Device, now: datetime) -> str:
        posture = posture_now(device, bundle(), now)
        return "lost" if posture.lost else posture.state.value

    def bundle() -> Bundle:
        rules = service.bundle.rules.with_reliefs(service.reliefs.current)
        return replace(service.bundle, rules=rules, away=service.postures.terms.away)

    async def look(devices: Sequence[Device], now: datetime) -> None:
        await refresh(service.store, bundle(), devices, now)

    async def changed(now: datetime) -> bool:
        return await catch_up(service.store, bundle(), now)

    return ConsoleContext(
        store=service.store,
        bundle=bundle,
        catch_up=service.rule_changes.poll,
        clock=utc_now,
        readiness=partial(readiness, service),
        host=gethostname(),
        candidate=partial(candidate_of, service.config),
        verdict_rates=VerdictRates(),
        device_counts=DeviceCounts(service.store.devices.summaries, state, utc_now, look, changed),
        readings=Readings(partial(sync_now, service.connector_syncs)),
        planning=Planning(partial(plan_now, service)),
        recheck=Recheck(service.connector_syncs.check_again),
        recheck_many=Recheck(service.connector_syncs.check_again, patience=None),
    )


def candidate_of(config: Path, policy: str | None) -> Rules:
    """The rules in the files on disk, or with this text in place of the policy file. Raises ConfigError."""
    if policy is None:
        return load_bundle(config).rules
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml") as file:
        file.write(policy)
        file.flush()
        try:
            return load_candidate(config, Path(file.name))
        except ConfigError as error:
            told = [
                replace(each, file="the rules") if each.file == file.name else each for each in error.mistakes
            ]
            raise ConfigError(told) from None


async def plan_now(
    service: ConsoleGate, candidate: Rules, days: int, who: Person, progress: Callable[[int, int], None]
) -> Plan:
    """Make a plan and keep it. Raises MailgateError."""
    active = await service.store.policies.active()
    if active is None:
        raise RefusedError(phrase("nothing is in force yet: the first start puts the files in force"))
    settings, now = service.bundle.settings, utc_now()
    return await plan_and_keep(service.store, settings, active, candidate, days, WORKERS, who, now, progress)


def running(context: ConsoleContext, service: ConsoleGate) -> list[Coroutine[Any, Any, None]]:
    """The tasks that run for the console as long as the gate runs."""
    counting = AppCounting(service.store, lambda: service.bundle.policy.catalog.apps, utc_now)
    return [
        context.verdict_rates.run(service.worker_metrics.texts, utc_now, service.store.verdicts.add),
        context.device_counts.run(),
        counting.run(),
        delete_old_verdict_counts(context),
        compare_with_plan(context.store),
    ]


async def delete_old_verdict_counts(context: ConsoleContext) -> None:
    """Delete counts of verdicts after their retention time."""
    while True:
        with suppress(StoreError):  # /readyz reports it
            await context.store.verdicts.trim(context.clock())
        await asyncio.sleep(TRIM_SECONDS)


async def compare_with_plan(store: Store) -> None:
    """Compare first refusals with the plan in force, a little at a time."""
    while True:
        # /readyz reports a store that cannot be reached; nothing is reported about a plan that was changed
        with suppress(MailgateError):
            await compare_all_refusals(store)
        await asyncio.sleep(CATCH_UP_SECONDS)


async def sync_now(syncing: ConnectorSyncs, name: str, full: bool, progress: Progress) -> str:
    """Read a connector's source, and return the result."""
    outcome = await syncing.sync_now(name, full=full, progress=progress)
    if outcome is None:
        return phrase("another gate is reading it now")
    words = [outcome.in_words()]
    if outcome.held:
        words.append(
            phrase(
                "%(count)s devices are no longer named; that is more than `most_gone` allows, so they are kept",
                count=outcome.held,
            )
        )
    elif outcome.trouble:
        words.append(f"{outcome.trouble}{f': {outcome.hint}' if outcome.hint else ''}")
    return joined(words, "; ")

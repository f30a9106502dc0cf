"""Makes the context of the console of a running gate."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from socket import gethostname
from tempfile import NamedTemporaryFile
from typing import Any

from mailgate.app.changes import OF_DEVICES
from mailgate.app.clock import utc_now
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.in_force import FilesInForce, RulesInForce
from mailgate.app.readiness import ReadinessCheck
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.config import Bundle, Rules, load_bundle, load_candidate
from mailgate.console.connectors.reading import Progress, Readings
from mailgate.console.context import ConsoleContext
from mailgate.console.devices.rows import catch_up, refresh
from mailgate.console.explain.requests import state_now
from mailgate.console.now.counting import AppCounting, DeviceCounts
from mailgate.console.now.verdict_rates import VerdictRates
from mailgate.console.plans.outcome import compare_all_refusals
from mailgate.console.plans.planning import Planning
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.model.phrase import joined, phrase
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import plan_and_keep
from mailgate.rollout.version_in_force import WORKERS
from mailgate.store import Store

CATCH_UP_SECONDS = 10.0
"""The seconds between two comparisons of first refusals with the plan in force."""
Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins a work that runs as a task."""


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """The parts of a gate that the console uses."""

    config: Path
    store: Store
    files: FilesInForce
    rules: RulesInForce
    connector_syncs: ConnectorSyncs
    worker_metrics: WorkerMetrics
    check: ReadinessCheck

    def bundle(self) -> Bundle:
        """The files in force with the reliefs."""
        bundle = self.rules.bundle()
        return replace(bundle, rules=bundle.rules.with_reliefs(self.rules.reliefs.current))

    def context(self) -> ConsoleContext:
        """What every page and operation uses. Its works do not run yet (``works``)."""
        check_again = self.connector_syncs.check_again
        return ConsoleContext(
            store=self.store,
            bundle=self.bundle,
            catch_up=self.rules.poll,
            clock=utc_now,
            readiness=self.check.now,
            host=gethostname(),
            candidate=partial(candidate_of, self.config),
            verdict_rates=VerdictRates(),
            device_counts=DeviceCounts(
                self.store.devices.summaries,
                lambda device, now: state_now(device, self.bundle(), now),
                utc_now,
                lambda devices, now: refresh(self.store, self.bundle(), devices, now),
                lambda now: catch_up(self.store, self.bundle(), now),
            ),
            readings=Readings(partial(sync_now, self.connector_syncs)),
            planning=Planning(self.plan_now),
            recheck=Recheck(check_again),
            recheck_many=Recheck(check_again, patience=None),
        )

    def works(self, context: ConsoleContext) -> list[Work]:
        """What runs for the console as long as the gate runs."""
        apps, counts, follow = self._apps, context.device_counts, self.rules.changes.follow
        counting = AppCounting(self.store, apps, utc_now)
        return [
            partial(context.verdict_rates.run, self.worker_metrics.texts, utc_now, self.store.verdicts.add),
            counts.run,
            lambda: follow("device rows", lambda _: counts.follow(), OF_DEVICES),
            lambda: follow(
                "app counts", lambda _: counting.follow(), lambda _: (counts.turns, apps()), each_minute=True
            ),
            lambda: compare_with_plan(self.store),
        ]

    async def plan_now(
        self, candidate: Rules, days: int, who: Person, progress: Callable[[int, int], None]
    ) -> Plan:
        """Make a plan and keep it. Raises MailgateError."""
        active, settings, now = await self.store.policies.active(), self.files.settings, utc_now()
        if active is None:
            raise RefusedError(phrase("nothing is in force yet: the first start puts the files in force"))
        return await plan_and_keep(self.store, settings, active, candidate, days, WORKERS, who, now, progress)

    def _apps(self) -> tuple[str, ...]:
        return tuple(self.files.bundle.policy.catalog.apps)


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

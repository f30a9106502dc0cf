"""Makes the console of a running gate, with the API. It is imported once the gate serves (``admin_port.py``)."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import gethostname
from tempfile import NamedTemporaryFile
from typing import Any

from aiohttp import web

from mailgate.app import utc_now
from mailgate.app.admin_port import ConsoleParts
from mailgate.app.changes import OF_DEVICES
from mailgate.app.connectors import ConnectorSyncs
from mailgate.config import Rules, load_bundle, load_candidate
from mailgate.console.api.site import with_api
from mailgate.console.connectors.reading import Progress, Readings
from mailgate.console.context import ConsoleContext
from mailgate.console.devices.rows import RowUpdates
from mailgate.console.extension.facts import FleetFacts, fleet
from mailgate.console.now.counting import AppCounting
from mailgate.console.now.traffic import VerdictRates
from mailgate.console.plans.outcome import compare_all_refusals
from mailgate.console.plans.planning import Planning
from mailgate.console.site import with_console
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.model.phrase import joined, phrase, plural
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import plan_and_keep
from mailgate.rollout.version_in_force import WORKERS
from mailgate.store import Store
from mailgate.tasks import running

CATCH_UP_SECONDS = 10.0
"""The seconds between two comparisons of first refusals with the plan in force."""
Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins a work that runs as a task."""


@dataclass(frozen=True, slots=True)
class Console:
    """The console of a gate."""

    parts: ConsoleParts

    def context(self) -> ConsoleContext:
        """What every page and operation uses. Its works do not run yet (``works``)."""
        check_again = self.parts.connector_syncs.check_again
        return ConsoleContext(
            store=self.parts.store,
            bundle=self.parts.rules.bundle,
            catch_up=self.parts.rules.poll,
            clock=utc_now,
            readiness=self.parts.check.now,
            host=gethostname(),
            candidate=partial(candidate_of, self.parts.config),
            verdict_rates=VerdictRates(),
            counting=AppCounting(self.parts.store, self._apps, utc_now, self._fleet),
            readings=Readings(partial(sync_now, self.parts.connector_syncs)),
            planning=Planning(self.plan_now),
            view=lambda *told: self.parts.rules.in_force.live.responses.view(*told),
            recheck=Recheck(check_again),
            recheck_many=Recheck(check_again, patience=None),
        )

    def works(self, context: ConsoleContext) -> list[Work]:
        """What runs for the console as long as the gate runs."""
        apps, follow = self._apps, self.parts.rules.changes.follow
        rows = RowUpdates(self.parts.store, self.parts.rules.bundle, utc_now)
        counting = context.counting
        return [
            partial(
                context.verdict_rates.run,
                self.parts.worker_metrics.texts,
                utc_now,
                self.parts.store.verdicts.add,
            ),
            rows.run,
            lambda: follow("device rows", lambda _: rows.follow(), OF_DEVICES),
            lambda: follow(
                "app counts", lambda _: counting.follow(), lambda _: (rows.turns, apps()), each_minute=True
            ),
            lambda: compare_with_plan(self.parts.store),
        ]

    async def plan_now(
        self, candidate: Rules, days: int, who: Person, progress: Callable[[int, int], None]
    ) -> Plan:
        """Make a plan and keep it. Raises MailgateError."""
        active, settings, now = await self.parts.store.policies.active(), self.parts.files.settings, utc_now()
        if active is None:
            raise RefusedError(phrase("no rules run yet: the first start starts the files"))
        return await plan_and_keep(
            self.parts.store, settings, active, candidate, days, WORKERS, who, now, progress
        )

    def _apps(self) -> tuple[str, ...]:
        return tuple(self.parts.files.bundle.policy.catalog.apps)

    async def _fleet(self, now: datetime) -> FleetFacts:
        return await fleet(self.parts.store, self.parts.files.settings, now)


async def open_console(parts: ConsoleParts, admin: web.Application, closing: AsyncExitStack) -> web.AppRunner:
    """Serve the application of the admin port with the console and the API in it. What they do beside requests begins here, and
    ends with ``closing``."""
    console = Console(parts)
    context = console.context()
    await closing.enter_async_context(running(*console.works(context)))
    for part in (context.readings, context.background_questions, context.planning, context.recipient_lists):
        closing.push_async_callback(part.stop)
    runner = web.AppRunner(with_api(with_console(admin, context), context), access_log=None)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    return runner


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
            plural(
                "%(count)s device is no longer named; that is more than `most_gone` allows, so it is kept",
                "%(count)s devices are no longer named; that is more than `most_gone` allows, so they are kept",
                outcome.held,
            )
        )
    elif outcome.trouble:
        words.append(f"{outcome.trouble}{f': {outcome.hint}' if outcome.hint else ''}")
    return joined(words, "; ")

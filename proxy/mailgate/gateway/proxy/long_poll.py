"""Requests that wait for mail. ActiveSync's Ping and Sync hang for up to an hour and are judged again during that time.

Otherwise a phone with a hanging request would keep getting its mail for the rest of that hour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from mailgate.gateway.http1.exchange import Outcome
from mailgate.model import Access, Decision, Effect, Protocol

log = structlog.get_logger()

RECHECK_SECONDS = 0.5
"""The seconds between two looks. Changes by another process are known after half of it (``app/device_changes.py``)."""

_COMMANDS = frozenset({"Ping", "Sync"})
_BATCH = 64

Verdict = tuple[Access, Decision]
JudgeAgain = Callable[[Access, Decision], Awaitable[Verdict | None]]
"""Judges a request again; None if nothing has changed that the answer depends on."""


def is_long_poll(access: Access) -> bool:
    """Whether the webmail may take an hour to answer ([MS-ASCMD] 2.2.3.88, 2.2.3.198: a wait of up to 59 minutes).

    A Sync waits if its body says so, or if it has no body and repeats a Sync that waited. No body is read here, and a
    phone may send a wrong version. So every Sync is assumed to wait, and each ends once it is no longer allowed.
    """
    client = access.client
    waits = client.eas_command in _COMMANDS and client.protocol is Protocol.ACTIVESYNC
    return waits and access.facts.method == "POST"


class NoLongerAllowed(Exception):
    """A new verdict ended a hanging request."""

    def __init__(self, access: Access, decision: Decision) -> None:
        self.access = access
        self.decision = decision
        super().__init__(decision.reason)


@dataclass(eq=False, slots=True)
class _Running:
    access: Access
    decision: Decision
    task: asyncio.Task[Outcome]
    ended: bool = False


class LongPolls:
    """All hanging requests of this process. ``watch`` has to run as a task."""

    def __init__(self) -> None:
        self._running: set[_Running] = set()

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, access: Access, decision: Decision, forward: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Forward to the end. Raises NoLongerAllowed once a new verdict forbids the request, even if an answer has begun."""
        running = _Running(access, decision, asyncio.get_running_loop().create_task(forward))
        self._running.add(running)
        try:
            return await running.task
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if not running.ended or (own is not None and own.cancelling()):
                raise
            raise NoLongerAllowed(running.access, running.decision) from None
        finally:
            self._running.discard(running)

    async def recheck(self, judge_again: JudgeAgain) -> None:
        """Judge every hanging request again, and end the ones that may get no more mail."""
        for number, running in enumerate(list(self._running), 1):
            verdict = await judge_again(running.access, running.decision)
            if verdict is not None:
                running.access, running.decision = verdict
                if running.decision.effect in (Effect.BLOCK, Effect.CHALLENGE):
                    running.ended = True
                    running.task.cancel()
            if number % _BATCH == 0:
                await asyncio.sleep(0)

    async def watch(self, judge_again: JudgeAgain) -> None:
        """Recheck forever."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if self._running:
                try:
                    await self.recheck(judge_again)
                except Exception as error:  # noqa: BLE001 - the loop goes on after any error
                    log.error("recheck-failed", error=type(error).__name__)

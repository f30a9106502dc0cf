"""The keys of one issuer that publishes them at an address: cached, asked for anew when due or when one is missing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from mailgate.attest import KeySet, KeySetError, parse_jwks
from mailgate.gateway.keys.jwks import Answer, JwksError

log = structlog.get_logger()

PAUSE = timedelta(seconds=30)
"""At most once within this time is a missing key reason enough to ask: anybody can name keys that do not exist."""
STALE = timedelta(hours=24)
"""How long the last keys count while the issuer does not answer."""
FIRST_RETRY, LAST_RETRY = timedelta(seconds=1), timedelta(seconds=60)
MOST_WAITING = 1000
"""Requests that wait for one answer; any more are told at once that the keys cannot be had."""


class Counting(Protocol):
    """Where the outcome of each question is counted."""

    def __call__(self, issuer: str, result: str) -> None: ...


@dataclass
class RemoteKeys:
    """One issuer. ``run`` it as a task; ``ask`` gets an answer or raises JwksError."""

    issuer: str
    url: str
    ask: Callable[[str], Awaitable[Answer]]
    clock: Callable[[], datetime]
    count: Counting
    last_success: datetime | None = None
    failure: str = ""
    """Why the last question failed; empty after a success and before the first."""
    _keys: KeySet = field(default_factory=lambda: KeySet({}))
    _etag: str = ""
    _due: datetime | None = None
    _failures: int = 0
    _pressed: datetime | None = None
    _asking: asyncio.Task[None] | None = None
    _waiting: int = 0

    def keys(self) -> KeySet:
        """The keys that count now: for a day after the last answer, and none before the first."""
        if self.last_success is None or self.clock() - self.last_success > STALE:
            return KeySet({}, unavailable=True)
        return KeySet(self._keys.keys, unavailable=bool(self.failure) or self._asking is not None)

    async def press(self) -> bool:
        """Ask because a key is missing, or wait for the answer that is on its way. False where neither is done."""
        if self._asking is None:
            now = self.clock()
            if self._pressed is not None and abs(now - self._pressed) < PAUSE:
                return False
            if self._due is not None:  # the very first question is due anyway
                self._pressed = now
        elif self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            await self.renew()
        finally:
            self._waiting -= 1
        return True

    async def renew(self) -> None:
        """Ask once; whoever comes meanwhile waits for the same answer. Never raises for an issuer that is away."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._renew())
        await asyncio.wait({self._asking})  # unlike awaiting it: neither ends the other

    async def run(self) -> None:
        """Ask whenever it is due, until cancelled."""
        try:
            while True:
                await asyncio.sleep(self.pause().total_seconds())
                if not self.pause():  # else somebody has asked meanwhile
                    await self.renew()
        finally:
            if self._asking is not None:
                self._asking.cancel()

    def pause(self) -> timedelta:
        """How long until the next question is due."""
        return max(self._due - self.clock(), timedelta()) if self._due else timedelta()

    async def _renew(self) -> None:
        try:
            answer = await self.ask(self._etag)
            if answer.text is not None:
                self._keys = self._keys.renewed(parse_jwks(answer.text))
            self._succeeded(answer)
        except JwksError as error:
            self._failed(error.why)
        except KeySetError:
            self._failed("malformed")
        finally:
            self._asking = None

    def _succeeded(self, answer: Answer) -> None:
        now = self.clock()
        self.count(self.issuer, "unchanged" if answer.text is None else "renewed")
        if self.failure:
            log.info("issuer-keys-back", issuer=self.issuer)
        self.last_success, self.failure, self._failures = now, "", 0
        self._etag, self._due = answer.etag, now + answer.fresh_for

    def _failed(self, why: str) -> None:
        """What was there stays. Tried again soon, then ever more seldom."""
        self.count(self.issuer, why)
        left = len(self.keys().keys)
        if left:
            log.warning("issuer-keys-failed", issuer=self.issuer, why=why, keys_left=left)
        else:
            log.error("issuer-keys-failed", issuer=self.issuer, why=why, keys_left=left)
        self.failure = why
        self._due = self.clock() + min(FIRST_RETRY * 2 ** min(self._failures, 10), LAST_RETRY)
        self._failures += 1

"""Judges again what lasts: tunnels, event streams, long downloads and uploads, and requests that wait for mail. Otherwise a phone with an
open stream would keep getting its mail through it. Every running request of the port for mail is looked at, however it was let in."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

import structlog

from mailgate.gateway.evaluate.judge import Judge, lost_proof
from mailgate.gateway.forward import Forwarding
from mailgate.gateway.request_reader import Reader
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.http.exchange import Exchange
from mailgate.http.grammar import values
from mailgate.model import Access, Decision, Effect

log = structlog.get_logger()

RECHECK_SECONDS = 0.5
"""The seconds between two looks. Changes by another process are known after half of it (``app/changes.py``)."""
LASTS_AFTER = 5.0
"""The seconds after which a request is judged again. Tunnels and requests that wait for mail are from their start."""

_BATCH = 64
_SWITCHED = 101


def lasting(running: Iterable[Exchange], moment: float) -> list[Exchange]:
    """Those of the running requests that are judged again. ``moment`` is of ``perf_counter``."""
    before = moment - LASTS_AFTER
    return [
        each
        for each in running
        if each.asked_at and (each.hangs or each.status == _SWITCHED or each.began_at <= before)
    ]


@dataclass(frozen=True, slots=True)
class Streams:
    """Ends what may get no more mail. ``watch`` has to run as a task."""

    reader: Reader
    judge: Judge
    verdicts: VerdictCache
    forwarding: Forwarding

    async def watch(self, running: Callable[[], Iterable[Exchange]]) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            await self.recheck(lasting(running(), perf_counter()))

    async def recheck(self, exchanges: Iterable[Exchange]) -> None:
        """Judge these requests again, and end the ones that may get no more mail, or that cannot be judged."""
        for number, exchange in enumerate(exchanges, 1):
            try:
                is_over = await self._is_over(exchange)
            except Exception as error:  # noqa: BLE001 - the loop goes on after any error
                log.error("recheck-failed", error=type(error).__name__)
                exchange.verdict, is_over = None, True
            if is_over:
                self.forwarding.cut(exchange)
            if number % _BATCH == 0:
                await asyncio.sleep(0)

    async def _is_over(self, exchange: Exchange) -> bool:
        """Whether a request may get no more mail. If its proof is lost and it goes on, the earlier verdict is kept, since that
        names the device."""
        before, verdict = exchange.verdict, await self._verdict(exchange)
        if verdict is before:
            return False
        is_over = verdict[1].effect in (Effect.BLOCK, Effect.CHALLENGE)
        if is_over or before is None or not lost_proof(before[0], verdict[0].attestation):
            exchange.verdict, exchange.until = verdict, self.verdicts.until(*verdict)
        return is_over

    async def _verdict(self, exchange: Exchange) -> tuple[Access, Decision]:
        """The verdict by what is known now. One that was let in by a cached verdict is judged as it came."""
        now, known = self.judge.clock(), exchange.verdict
        if known is None:
            assert exchange.origin is not None
            incoming = self.reader.facts(exchange, exchange.head, exchange.origin)
            return await self.judge.verdict(incoming, now)
        attestations = values(exchange.head.fields, b"device-attestation")
        by_the_clock = not known[0].now <= now < (exchange.until or known[0].now)  # it may have been set back
        again = await self.judge.judge_again(*known, attestations, by_the_clock=by_the_clock)
        return again or known

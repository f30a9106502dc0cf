"""Sends what is queued: one mail at a time, no faster than set, nobody twice, whatever dies meanwhile.

Only who holds the lease sends. What another was handing over when it died is looked at first: where the way can tell
whether it went, that counts; where nobody can, it is left to a person (decision 14).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any, Protocol

from mailgate.mail.way import LaterError, LostError, MailWay, RefusedMailError
from mailgate.store import Mailing, MailState, StoreUnavailableError

LEASE = timedelta(minutes=2)
"""How long nobody takes over from a process that is gone; longer than one mail can take."""
_RENEWAL = LEASE / 4
_LEASE_NAME = "notices"
PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720))
"""After each refusal for now; then it is given up."""
_RETRY = 0.5


Tell = Callable[[Mailing, MailState, str], None]
"""Told what became of a mail and why, in one word; ``queued`` where it is put off."""
Note = Callable[[], Coroutine[Any, Any, None]]
"""Writes down what became of a mail."""


class Mailbag(Protocol):
    """What is to be sent (``store/mail_queue.py``)."""

    async def due(self, now: datetime, size: int = 100) -> list[Mailing]: ...
    async def begin(self, mailing: Mailing, holder: str, now: datetime) -> bool: ...
    async def end(self, mailing_id: str, state: MailState, now: datetime, why: str = "") -> bool: ...
    async def put_off(self, mailing_id: str, due_at: datetime, now: datetime, why: str) -> None: ...
    async def left_over(self, holder: str) -> list[Mailing]: ...


class Leases(Protocol):
    """Who may send (``store/leases.py``)."""

    async def claim(self, name: str, holder: str, span: timedelta) -> bool: ...
    async def release(self, name: str, holder: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Around:
    """The clock, waiting, and who is told what became of each mail."""

    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    told: Tell = lambda _mailing, _state, _why: None


@dataclass
class Postman:
    """One process that sends. ``round`` sends what is due now."""

    bag: Mailbag
    leases: Leases
    compose: Callable[[Mailing], EmailMessage]
    way: MailWay
    rate: int
    """Mails a minute."""
    holder: str
    """This process among others, new at every start."""
    around: Around
    _renewed: datetime | None = None
    _next: datetime | None = None

    async def round(self, first: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Do ``first``, then send what is due. False where another process has the lease.

        Raises StoreUnavailableError, and WayDownError where no mail can be sent now: what is due stays so.
        """
        if not await self._lead():
            return False
        try:
            if first is not None:
                await first()
            await self._look_after_the_dead()
            while batch := await self.bag.due(self.around.clock()):
                for mailing in batch:
                    await self._keep_pace()
                    if not await self._lead():
                        return False
                    await finished(self._send(mailing))
            return True
        finally:
            await finished(self._let_go())

    async def _lead(self) -> bool:
        now = self.around.clock()
        if self._renewed is not None and now - self._renewed < _RENEWAL:
            return True
        held = await self.leases.claim(_LEASE_NAME, self.holder, LEASE)
        self._renewed = now if held else None
        return held

    async def _let_go(self) -> None:
        self._renewed = None
        await self.way.close()
        try:
            await self.leases.release(_LEASE_NAME, self.holder)
        except StoreUnavailableError:
            return  # it runs out by itself

    async def _look_after_the_dead(self) -> None:
        for mailing in await self.bag.left_over(self.holder):
            taken, now = await self.way.was_taken(mailing.id), self.around.clock()
            if taken is False:
                await self.way.call_back(mailing.id)
                await self.bag.put_off(mailing.id, now, now, "interrupted")
            else:
                state = MailState.SENT if taken else MailState.UNSURE
                await self._end(mailing, state, "interrupted")

    async def _keep_pace(self) -> None:
        now = self.around.clock()
        if self._next is not None and now < self._next:
            await self.around.sleep((self._next - now).total_seconds())
        self._next = max(now, self._next or now) + timedelta(minutes=1) / self.rate

    async def _send(self, mailing: Mailing) -> None:
        try:
            await self.way.offer(self._composed(mailing), mailing.id)
        except RefusedMailError as error:
            await self._end(mailing, MailState.FAILED, str(error))
        except LaterError as error:
            await self._put_off(mailing, str(error))
        else:
            if await self._begun(mailing):
                await self._known(await self._handed_over(mailing))
            else:
                await self.way.call_back(mailing.id)

    def _composed(self, mailing: Mailing) -> EmailMessage:
        try:
            return self.compose(mailing)
        except Exception as error:
            raise RefusedMailError(type(error).__name__) from error

    async def _handed_over(self, mailing: Mailing) -> Note:
        """Hand over what was begun; how to write down what came of it."""
        try:
            await self.way.hand_over(mailing.id)
        except RefusedMailError as error:
            return partial(self._end, mailing, MailState.FAILED, str(error))
        except LaterError as error:
            return partial(self._put_off, mailing, str(error))
        except LostError as error:
            return partial(self._end, mailing, MailState.UNSURE, str(error))
        return partial(self._end, mailing, MailState.SENT)

    async def _begun(self, mailing: Mailing) -> bool:
        now = self.around.clock()
        try:
            return await self.bag.begin(mailing, self.holder, now)
        except StoreUnavailableError:  # it may be written down or not; the mail has not gone
            await self._known(partial(self.bag.put_off, mailing.id, now, now, "interrupted"))
            return False

    async def _known(self, note: Note) -> None:
        """Write down what only this process knows, as soon as the store answers."""
        while True:
            try:
                return await note()
            except StoreUnavailableError:
                await self.around.sleep(_RETRY)

    async def _put_off(self, mailing: Mailing, why: str) -> None:
        if mailing.attempts >= len(PAUSES):
            await self._end(mailing, MailState.FAILED, why)
            return
        now = self.around.clock()
        await self.bag.put_off(mailing.id, now + PAUSES[mailing.attempts], now, why)
        self.around.told(mailing, MailState.QUEUED, why)

    async def _end(self, mailing: Mailing, state: MailState, why: str = "") -> None:
        await self.bag.end(mailing.id, state, self.around.clock(), why)
        self.around.told(mailing, state, why)


async def finished(work: Coroutine[Any, Any, None]) -> None:
    """Do it to its end even where we are told to stop meanwhile: a mail that is half sent is one that nobody knows of."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whatever it is: we were told to stop
        raise

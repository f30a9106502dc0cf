"""Sends the queued mails one at a time, no faster than ``rate``, and never twice, even if a process dies. Mails that may have
been sent, or were not, wait for an admin's decision.

Only the process that holds the lease sends. It first looks at mails that another process was handing over when it died:
if the transport knows whether a mail was taken, that counts; otherwise an admin decides about it (decision 15).
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any

from mailgate.mail.transport import DeferredError, MailTransport, RejectedMailError, UnknownOutcomeError
from mailgate.rollout.person import Person
from mailgate.store import Act, Mail, MailState, NoticeKey, Store, StoreUnavailableError
from mailgate.store.gates import Leases
from mailgate.store.mail import Which
from mailgate.store.mail_queue import MailQueue
from mailgate.tasks import run_to_end

LEASE = timedelta(minutes=2)
"""How long a dead process keeps its lease: longer than one mail can take."""
_RENEWAL = LEASE / 4
_LEASE_NAME = "notices"
PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 240, 720))
"""The wait after each answer that refuses a mail for now; after the last one the mail has failed."""
_RETRY = 0.5

OutcomeListener = Callable[[Mail, MailState, str], None]
"""Receives a mail, its new state and the cause in one word. A mail that was put off is ``queued``."""
Note = Callable[[], Coroutine[Any, Any, None]]
"""Stores the outcome of a mail."""


@dataclass
class Postman:
    """Sends mails in one process. ``round`` sends what is due now."""

    queue: MailQueue
    leases: Leases
    compose: Callable[[Mail], EmailMessage]
    transport: MailTransport
    rate: int
    """Mails per minute."""
    holder: str
    """The name of this process, new at every start."""
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    on_outcome: OutcomeListener = lambda _mail, _state, _why: None
    _renewed: datetime | None = None
    _next: datetime | None = None

    async def round(self, first: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Do ``first``, then send the due mails. Returns False if another process has the lease.

        Raises StoreUnavailableError, and TransportDownError if no mail can be sent now: due mails stay queued.
        """
        if not await self._lead():
            return False
        try:
            if first is not None:
                await first()
            await self._settle_interrupted()
            while batch := await self.queue.due(self.clock()):
                for mail in batch:
                    await self._keep_pace()
                    if not await self._lead():
                        return False
                    await run_to_end(self._send(mail))
            return True
        finally:
            await run_to_end(self._release_lease())

    async def _lead(self) -> bool:
        now = self.clock()
        if self._renewed is not None and now - self._renewed < _RENEWAL:
            return True
        held = await self.leases.claim(_LEASE_NAME, self.holder, LEASE)
        self._renewed = now if held else None
        return held

    async def _release_lease(self) -> None:
        self._renewed = None
        await self.transport.close()
        try:
            await self.leases.release(_LEASE_NAME, self.holder)
        except StoreUnavailableError:
            return  # the lease expires by itself

    async def _settle_interrupted(self) -> None:
        for mail in await self.queue.left_over(self.holder):
            taken, now = await self.transport.was_delivered(mail.id), self.clock()
            if taken is False:
                await self.transport.abort(mail.id)
                await self.queue.put_off(mail.id, now, now, "interrupted")
            else:
                state = MailState.SENT if taken else MailState.UNSURE
                await self._end(mail, state, "interrupted")

    async def _keep_pace(self) -> None:
        now = self.clock()
        if self._next is not None and now < self._next:
            await self.sleep((self._next - now).total_seconds())
        self._next = max(now, self._next or now) + timedelta(minutes=1) / self.rate

    async def _send(self, mail: Mail) -> None:
        try:
            await self.transport.prepare(self._composed(mail), mail.id)
        except RejectedMailError as error:
            await self._end(mail, MailState.FAILED, str(error))
        except DeferredError as error:
            await self._put_off(mail, str(error))
        else:
            if await self._begun(mail):
                await self._known(await self._handed_over(mail))
            else:
                await self.transport.abort(mail.id)

    def _composed(self, mail: Mail) -> EmailMessage:
        try:
            return self.compose(mail)
        except Exception as error:
            raise RejectedMailError(type(error).__name__) from error

    async def _handed_over(self, mail: Mail) -> Note:
        """Deliver the prepared message. Returns the function that stores the outcome."""
        try:
            await self.transport.commit_delivery(mail.id)
        except RejectedMailError as error:
            return partial(self._end, mail, MailState.FAILED, str(error))
        except DeferredError as error:
            return partial(self._put_off, mail, str(error))
        except UnknownOutcomeError as error:
            return partial(self._end, mail, MailState.UNSURE, str(error))
        return partial(self._end, mail, MailState.SENT)

    async def _begun(self, mail: Mail) -> bool:
        now = self.clock()
        try:
            return await self.queue.begin(mail, self.holder, now)
        except StoreUnavailableError:  # the store may have noted it or not; the mail was not sent
            await self._known(partial(self.queue.put_off, mail.id, now, now, "interrupted"))
            return False

    async def _known(self, note: Note) -> None:
        """Store an outcome that only this process knows, as soon as the store answers."""
        while True:
            try:
                return await note()
            except StoreUnavailableError:
                await self.sleep(_RETRY)

    async def _put_off(self, mail: Mail, why: str) -> None:
        if mail.attempts >= len(PAUSES):
            await self._end(mail, MailState.FAILED, why)
            return
        now = self.clock()
        await self.queue.put_off(mail.id, now + PAUSES[mail.attempts], now, why)
        self.on_outcome(mail, MailState.QUEUED, why)

    async def _end(self, mail: Mail, state: MailState, why: str = "") -> None:
        await self.queue.end(mail.id, state, self.clock(), why)
        self.on_outcome(mail, state, why)


async def settle(store: Store, which: Which, person: Person, now: datetime, *, sent: bool) -> int:
    """Mark unsure mails as sent, or queue them again. Returns how many there were."""
    done = {"as": "sent" if sent else "to be sent again"}
    act = partial(_act, person, now, "notices-settled", which, done)
    return await store.mails.settle(which, act, now, sent=sent)


async def retry(store: Store, which: Which, person: Person, now: datetime) -> int:
    """Queue failed mails again. Returns how many still had their notice."""
    return await store.mails.retry(which, partial(_act, person, now, "notices-retried", which, {}), now)


def _act(
    person: Person, now: datetime, what: str, which: Which, details: Mapping[str, object], count: int
) -> Act:
    about = f"rule {which.rule}" if isinstance(which, NoticeKey) and which.rule else ""
    return replace(person.act(now, what), about=about, details={**details, "mails": count})

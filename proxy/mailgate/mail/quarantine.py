"""The quarantine mail: a mail app shows no page, so the person is written to why it gets no mail and what ends that.

Whom a login names is not yet checked when a request is refused. So nobody is written to whom nothing but a request names:
the device is known as theirs, or a trusted proxy or the webmail has taken their login. No text of a client stands in a mail. Nobody
is told the same twice, or gets more than a few mails; one address causes only so many, and all of them together too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol as Shape

import structlog
from cachetools import TTLCache

from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.pages import Pages, View
from mailgate.gateway.rates import Rates
from mailgate.gateway.selfservice.login_check import Login
from mailgate.model import Access, Decision, Effect, Protocol, Reason
from mailgate.model.addresses import caller_at
from mailgate.policy.logins import address_of, user_text
from mailgate.store.quarantine_mails import Notices

log = structlog.get_logger()

QUEUE = 1000
PATIENCE = 30.0
"""Seconds that one mail may take."""
REST = 60
"""Seconds for which a notice that was told, or could not be, is not looked at again."""

_PASSING = frozenset({Reason.POSTURE_UNAVAILABLE, Reason.RULE_ERROR, Reason.INTERNAL_ERROR})
"""Reasons that the person can do nothing about."""
FROM_ONE_ADDRESS = 20
"""Mails that requests from one address cause within ``ADDRESS_SPAN``, and as many logins of theirs that are looked at."""
ADDRESS_SPAN = timedelta(hours=1)

Send = Callable[[EmailMessage], Awaitable[None]]
"""Hands a mail to a mail server. Raises OSError or an error of the mail server's."""


class Accepts(Shape):
    """Whether the webmail takes a login (``gateway/selfservice/login_check.py``)."""

    async def look(self, incoming: Incoming) -> Login: ...


class NoNotices:
    """Where no mail is to be written."""

    def tell(self, incoming: Incoming, access: Access, decision: Decision, reference: str) -> None:
        """Nothing is said."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every quarantine mail has in common."""

    sender: str
    domain: str
    pause: timedelta
    at_most: int
    per_hour: int
    host: str
    default_language: str
    me_url: str = ""
    """Where people see their devices and what is stored of them."""


@dataclass(frozen=True, slots=True)
class _Notice:
    person: str
    device: str
    view: View
    address: str
    """The network that the request came from."""
    unproven: Incoming | None
    """The request, where its login is still only a claim."""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.person, self.device, self.view.reason.value)


class Quarantine:
    """Writes to people whose mail app was refused. Run ``run`` as a task."""

    def __init__(
        self,
        letterhead: Letterhead,
        pages: Pages,
        claims: Notices,
        send: Send,
        clock: Callable[[], datetime],
        check: Accepts | None = None,
    ) -> None:
        """Without a ``check`` nobody is believed for a login that only the webmail could check."""
        self._letterhead = letterhead
        self._pages = pages
        self._claims = claims
        self._send = send
        self._clock = clock
        self._check = check
        self._mails, self._logins = (
            Rates(FROM_ONE_ADDRESS, ADDRESS_SPAN),
            Rates(FROM_ONE_ADDRESS, ADDRESS_SPAN),
        )
        self._queue: asyncio.Queue[_Notice] = asyncio.Queue(QUEUE)
        self._lately: TTLCache[tuple[str, str, str], None] = TTLCache(
            10_000, REST, timer=lambda: clock().timestamp()
        )

    def tell(self, incoming: Incoming, access: Access, decision: Decision, reference: str) -> None:
        """Queue a mail at once, or none where there is nobody to write to or nothing to say."""
        notice = self._notice(incoming, access, decision, reference)
        if notice is None or notice.key in self._lately or self._queue.full():
            return
        tried = self._logins if notice.unproven else self._mails  # guessed logins use up nobody's mails
        if tried.wait(notice.address, access.now):
            return
        if notice.unproven:
            tried.note(notice.address, access.now)
        self._lately[notice.key] = None
        self._queue.put_nowait(notice)

    async def run(self) -> None:
        """Write what is queued, one after the other, until cancelled."""
        while True:
            notice = await self._queue.get()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._write(notice)
            except Exception as error:  # noqa: BLE001 - the next person must be told whatever broke this mail
                log.warning("quarantine-mail-failed", error=type(error).__name__)

    async def _write(self, notice: _Notice) -> None:
        head, now = self._letterhead, self._clock()
        if notice.unproven is not None and not await self._is_accepted(notice.unproven):
            return
        if self._mails.wait(notice.address, now):
            return
        claimed = await self._claims.claim(
            *notice.key, now, pause=head.pause, at_most=head.at_most, per_hour=head.per_hour
        )
        if not claimed:
            return
        self._mails.note(notice.address, now)
        try:
            await self._send(self._mail(notice, now))
        except BaseException:
            await self._claims.release(*notice.key)
            raise
        log.info("quarantine-mail-sent", reference=notice.view.reference, reason=notice.view.reason)

    async def _is_accepted(self, incoming: Incoming) -> bool:
        return self._check is not None and await self._check.look(incoming) is Login.RIGHT

    def _notice(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> _Notice | None:
        client, posture = access.client, access.posture
        if client.protocol is not Protocol.ACTIVESYNC or decision.effect is not Effect.BLOCK:
            return None
        person = address_of(access.user.name, self._letterhead.domain)
        device = posture.device_id or client.eas_id
        if not person or not device or decision.reason in _PASSING:
            return None
        view = View(
            decision.reason,
            reference,
            access.now,
            rule_title=decision.title,
            apps=decision.apps,
            os=posture.os or client.os,
            kind=client.kind,
            fix=decision.fix,
            contact=decision.contact,
            accept_language=access.facts.headers.get("accept-language", ""),
            default_language=self._letterhead.default_language,
            me_url=self._letterhead.me_url,
        )
        address = caller_at(access.facts.remote)
        return _Notice(person, device, view, address, None if _is_theirs(access) else incoming)

    def _mail(self, notice: _Notice, now: datetime) -> EmailMessage:
        head = self._letterhead
        letter = self._pages.letter(notice.view)
        mail = EmailMessage()
        mail["From"] = f"{head.host} <{head.sender}>"
        mail["To"] = notice.person
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{notice.view.reference}.{now.timestamp():.0f}@{head.domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        mail.set_content(letter.text)
        mail["Content-Language"] = letter.language
        return mail


def _is_theirs(access: Access) -> bool:
    """Whether more than this request says that it is this person's: a trusted proxy, a proof, or whoever knows the device."""
    person, proof, posture = user_text(access.user.name), access.attestation, access.posture
    proved = proof is not None and proof.refused is None and user_text(proof.user) == person
    known = bool(posture.device_id) and user_text(posture.owner) == person
    return bool(access.facts.user) or proved or known

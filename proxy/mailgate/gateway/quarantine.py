"""The quarantine mail: a mail app shows no page, so the person is written to why it gets no mail and what ends that.

Whom a login names is not yet checked when a request is refused. So nobody is told the same twice, nobody gets more than
a few mails, and nobody outside the company's own domain gets any, whatever the requests say.
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

from mailgate.gateway.pages import Pages, View
from mailgate.model import Access, Decision, Effect, Protocol, Reason
from mailgate.policy.logins import address_of

log = structlog.get_logger()

QUEUE = 1000
PATIENCE = 30.0
"""Seconds that one mail may take."""
REST = 60
"""Seconds for which a notice that was told, or could not be, is not looked at again."""

_PASSING = frozenset({Reason.POSTURE_UNAVAILABLE, Reason.RULE_ERROR, Reason.INTERNAL_ERROR})
"""Reasons that the person can do nothing about."""
_SHOWN = 64

Send = Callable[[EmailMessage], Awaitable[None]]
"""Hands a mail to a mail server. Raises OSError or an error of the mail server's."""


class Claims(Shape):
    """Who was told what (``store/notices.py``). Both may raise MailgateError."""

    async def claim(
        self, person: str, device: str, reason: str, now: datetime, *, pause: timedelta, at_most: int
    ) -> bool: ...

    async def release(self, person: str, device: str, reason: str) -> None: ...


class NoNotices:
    """Where no mail is to be written."""

    def tell(self, access: Access, decision: Decision, reference: str) -> None:
        """Nothing is said."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every quarantine mail has in common."""

    sender: str
    domain: str
    pause: timedelta
    at_most: int
    host: str
    default_language: str
    me_url: str = ""
    """Where people see their devices and what is stored of them."""


@dataclass(frozen=True, slots=True)
class _Notice:
    person: str
    device: str
    view: View
    shown: str

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.person, self.device, self.view.reason.value)


class Quarantine:
    """Writes to people whose mail app was refused. Run ``run`` as a task."""

    def __init__(
        self, letterhead: Letterhead, pages: Pages, claims: Claims, send: Send, clock: Callable[[], datetime]
    ) -> None:
        self._letterhead = letterhead
        self._pages = pages
        self._claims = claims
        self._send = send
        self._clock = clock
        self._queue: asyncio.Queue[_Notice] = asyncio.Queue(QUEUE)
        self._lately: TTLCache[tuple[str, str, str], None] = TTLCache(
            10_000, REST, timer=lambda: clock().timestamp()
        )

    def tell(self, access: Access, decision: Decision, reference: str) -> None:
        """Queue a mail at once, or none where there is nobody to write to or nothing to say."""
        notice = self._notice(access, decision, reference)
        if notice is None or notice.key in self._lately or self._queue.full():
            return
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
        if not await self._claims.claim(*notice.key, now, pause=head.pause, at_most=head.at_most):
            return
        try:
            await self._send(self._mail(notice, now))
        except BaseException:
            await self._claims.release(*notice.key)
            raise
        log.info("quarantine-mail-sent", reference=notice.view.reference, reason=notice.view.reason)

    def _notice(self, access: Access, decision: Decision, reference: str) -> _Notice | None:
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
        named = " · ".join(filter(None, (client.model or client.eas_type, client.eas_id)))
        return _Notice(person, device, view, _one_line(named))

    def _mail(self, notice: _Notice, now: datetime) -> EmailMessage:
        head = self._letterhead
        letter = self._pages.letter(notice.view, notice.shown)
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


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:_SHOWN])

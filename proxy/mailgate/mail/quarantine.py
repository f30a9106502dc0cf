"""The quarantine mail: a mail app shows no page, so a mail tells the person why it gets no mail and how to end that.

The login of a refused request is not checked yet, so a request alone does not cause a mail: the device must be known as
this person's, or a trusted proxy or the webmail must have accepted the login. The mail has no text of a client. Nobody
gets the same mail twice, or more than a few mails, within a time. The number of mails is limited, in total and for each
network address that causes them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import structlog
from cachetools import TTLCache

from mailgate.config import Settings
from mailgate.config.mail import QuarantineMailSettings
from mailgate.gateway.answer import RateLimit
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.pages.causes import cause_of
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import View
from mailgate.gateway.refusals.wording import without_cause
from mailgate.gateway.selfservice.login_check import LoginCheck, LoginResult
from mailgate.mail.composer import MailHead
from mailgate.model import Access, Decision, Effect, Protocol, Reason
from mailgate.model.addresses import rate_limit_key
from mailgate.model.times import only_forward
from mailgate.policy.people import address_of, user_text
from mailgate.store.mail_queue import QuarantineMails

log = structlog.get_logger()

QUEUE_SIZE = 1000
SEND_SECONDS = 30.0
"""The seconds that one mail may take."""
REPEAT_IGNORED_SECONDS = 60
"""The seconds for which the same refusal is ignored, whether its mail was sent or not."""

_PASSING = frozenset({Reason.POSTURE_UNAVAILABLE, Reason.RULE_ERROR, Reason.INTERNAL_ERROR})
"""Reasons that the person can do nothing about."""
FROM_ONE_ADDRESS = 20
"""How many mails requests from one address cause within ``ADDRESS_SPAN``, and how many logins are checked for it."""
ADDRESS_SPAN = timedelta(hours=1)

Send = Callable[[EmailMessage], Awaitable[None]]
"""Hands a message to a mail server. Raises OSError."""


class NoQuarantineMails:
    """Replaces a ``QuarantineMailer`` if the settings have no quarantine mail."""

    def queue(self, read: Callable[[], Incoming], access: Access, decision: Decision, reference: str) -> None:
        """Queue nothing."""

    async def run(self) -> None:
        """Send nothing."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    person: str
    device: str
    view: View
    address: str
    """The network address that the request came from."""
    is_claim: bool
    """Whether its login is only a claim."""
    unproven: Incoming | None = None
    """The request, if its login is only a claim; None if it is confirmed."""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.person, self.device, self.view.reason.value)


class QuarantineMailer:
    """Sends mails to people whose mail app was refused. Run ``run`` as a task."""

    def __init__(
        self,
        mail: QuarantineMailSettings,
        settings: Settings,
        pages: Pages,
        claims: QuarantineMails,
        send: Send,
        clock: Callable[[], datetime],
        check: LoginCheck | None = None,
        laptops_open: Callable[[datetime], bool] = lambda _: False,
    ) -> None:
        """Without a ``check``, a login counts only if something other than the webmail confirms it."""
        self._mail, self._settings, self._pages, self._claims = mail, settings, pages, claims
        self._send, self._clock, self._check, self._laptops_open = send, clock, check, laptops_open
        self._mails, self._logins = (RateLimit(FROM_ONE_ADDRESS, ADDRESS_SPAN) for _ in range(2))
        self._waiting: asyncio.Queue[_Refusal] = asyncio.Queue(QUEUE_SIZE)
        self._lately: TTLCache[tuple[str, str, str], None] = TTLCache(
            10_000, REPEAT_IGNORED_SECONDS, only_forward(clock)
        )

    def queue(self, read: Callable[[], Incoming], access: Access, decision: Decision, reference: str) -> None:
        """Queue a mail, unless nobody gets it or it would say nothing. Returns at once. ``read`` returns the request."""
        refused = self._refusal(access, decision, reference)
        if refused is None or refused.key in self._lately or self._waiting.full():
            return
        # guessed logins do not use up the mails of others
        tried = self._logins if refused.is_claim else self._mails
        if tried.wait(refused.address, access.now):
            return
        if refused.is_claim:
            tried.note(refused.address, access.now)
        self._lately[refused.key] = None
        self._waiting.put_nowait(replace(refused, unproven=read()) if refused.is_claim else refused)

    async def run(self) -> None:
        """Send what is queued, one mail after the other, until cancelled."""
        while True:
            refused = await self._waiting.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._write(refused)
            except Exception as error:  # noqa: BLE001 - the other mails are sent after any error
                log.warning("quarantine-mail-failed", error=type(error).__name__)

    async def _write(self, refused: _Refusal) -> None:
        mail, now = self._mail, self._clock()
        if refused.unproven is not None and (
            self._check is None or await self._check.look(refused.unproven) is not LoginResult.RIGHT
        ):
            return
        if self._mails.wait(refused.address, now):
            return
        claimed = await self._claims.claim(
            *refused.key, now, pause=mail.pause, at_most=mail.at_most, per_hour=mail.per_hour
        )
        if not claimed:
            return
        self._mails.note(refused.address, now)
        try:
            await self._send(self._message(refused, now))
        except BaseException:
            await self._claims.release(*refused.key)
            raise
        log.info("quarantine-mail-sent", reference=refused.view.reference, reason=refused.view.reason)

    def _refusal(self, access: Access, decision: Decision, reference: str) -> _Refusal | None:
        client, posture = access.client, access.posture
        if client.protocol is not Protocol.ACTIVESYNC or decision.effect is not Effect.BLOCK:
            return None
        person = address_of(access.user.name, self._mail.domain)
        device = posture.device_id or client.eas_id
        if not person or not device or decision.reason in _PASSING:
            return None
        decision = _as_told(access, decision)
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
            default_language=self._settings.languages.default,
            me_url=f"{self._settings.public_url}/.mailgate/me",
            laptops_open=self._laptops_open(access.now),
            cause=cause_of(access, decision),
            choices=self._settings.choices,
        )
        address = rate_limit_key(access.facts.remote)
        return _Refusal(person, device, view, address, not _is_theirs(access))

    def _message(self, refused: _Refusal, now: datetime) -> EmailMessage:
        rendered = self._pages.refusal_mail(refused.view)
        head = MailHead(
            self._mail.sender, self._mail.domain, urlsplit(self._settings.public_url).hostname or ""
        )
        message_id = f"{refused.view.reference}.{now.timestamp():.0f}"
        message = head.message(refused.person, rendered.subject, now, message_id)
        message.set_content(rendered.text)
        message["Content-Language"] = rendered.language
        return message


def _as_told(access: Access, decision: Decision) -> Decision:
    """The decision as this person may read it: without its cause if that is about somebody else's device, since anybody can send
    the ActiveSync id of a colleague's phone beside a login of their own."""
    is_own = user_text(access.posture.owner) in ("", user_text(access.user.name))
    return decision if is_own and not decision.claimed else without_cause(decision)


def _is_theirs(access: Access) -> bool:
    """Whether more than this request names this person: a trusted proxy, a proof, or the known owner of the device."""
    person, proof, posture = user_text(access.user.name), access.attestation, access.posture
    proved = proof is not None and proof.refused is None and user_text(proof.user) == person
    known = bool(posture.device_id) and user_text(posture.owner) == person
    return bool(access.facts.user) or proved or known

"""The mails of a running gate: the postman of mails about rules, its metrics and its log, and the mailer of quarantine mails."""

import asyncio
import secrets
from collections import Counter as Counts
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from socket import gethostname
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter

from mailgate.app import utc_now
from mailgate.config import Bundle, Settings
from mailgate.config.mail import MailSettings, NoticeSettings
from mailgate.config.values import Address
from mailgate.gateway.live import InForce
from mailgate.gateway.selfservice.login_check import LoginCheck
from mailgate.mail.composer import address_book, composer_for
from mailgate.mail.corrections import correct, is_due
from mailgate.mail.on_dates import due_now, start_notices
from mailgate.mail.postman import OutcomeListener, Postman
from mailgate.mail.quarantine import NoQuarantineMails, QuarantineMailer
from mailgate.mail.recipient_list import data_scope_of
from mailgate.mail.transport import (
    FolderTransport,
    MailServer,
    MailTransport,
    SmtpTransport,
    TransportDownError,
)
from mailgate.rollout.person import Person
from mailgate.store import Act, Mail, MailState, Store, StoreError

log = structlog.get_logger()

POLL_SECONDS = 2.0
"""The seconds between two looks for mails to send."""
MAX_PAUSE = timedelta(minutes=5)
"""The longest wait between two tries while no mail can be sent."""
SENT_BY_GATE = "gate"
"""The author in the audit log if no person has sent the mails."""


def mail_way_for(notices: NoticeSettings) -> MailTransport:
    """The way to send mails by these settings."""
    if notices.outbox is not None:
        return FolderTransport(notices.outbox)
    assert notices.smtp is not None  # the settings have one of the two
    return SmtpTransport(mail_server_of(notices, notices.smtp))


def mail_server_of(mail: MailSettings, smtp: Address) -> MailServer:
    """The mail server at ``smtp``, with the login of these settings."""
    password = mail.password.get_secret_value() if mail.password else None
    return MailServer(smtp.host, smtp.port, mail.security, mail.username, password)


def quarantine_mailer_for(
    settings: Settings, store: Store, in_force: InForce, check: LoginCheck | None
) -> QuarantineMailer | NoQuarantineMails:
    """The mailer for people whose mail app is refused, if the settings have a quarantine mail."""
    mail = settings.activesync.quarantine_mail
    if mail is None:
        return NoQuarantineMails()
    send = mail_server_of(mail, mail.smtp).send

    def laptops_open(at: datetime) -> bool:
        return in_force.live.responses.lets_in_laptops(at)

    pages, claims = in_force.live.responses.pages, store.quarantine_mails
    return QuarantineMailer(mail, settings, pages, claims, send, utc_now, check, laptops_open)


def postman_for(settings: Settings, notices: NoticeSettings, store: Store, told: OutcomeListener) -> Postman:
    """The postman of this process by these settings."""
    return Postman(
        store.mails,
        store.leases,
        composer_for(settings, notices.sender, notices.domain),
        mail_way_for(notices),
        notices.rate,
        secrets.token_hex(8),
        utc_now,
        asyncio.sleep,
        told,
    )


def sent_act(who: str, origin: str, counts: Mapping[str, int]) -> Act:
    """The audit entry for a round: the number of mails that came to each state, without names."""
    return Act(utc_now(), who, "notices-sent", origin=origin, details=dict(counts))


class MailMetrics:
    """Counters of mails about rules."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["kind", "state"]
        self.ended = Counter("mailgate_notices", "Mails about rules, by outcome", labels, registry=registry)
        self.down = Counter(
            "mailgate_notices_down",
            "Tries to send mails about rules while none could be sent",
            registry=registry,
        )


class MailSender:
    """Sends mails in this gate. Run ``run`` as a task, until the store is closed."""

    def __init__(self, store: Store, bundle: Callable[[], Bundle], registry: CollectorRegistry) -> None:
        self._store = store
        self._bundle = bundle
        self._numbers = MailMetrics(registry)
        self._round: Counts[str] = Counts()
        self._postman: tuple[Any, Postman] | None = None
        self._rest = timedelta()
        self._trouble = ""

    async def run(self) -> None:
        """Send what is due, until cancelled; then stop after the mail that is being sent."""
        try:
            while True:
                await self._try_to_send()
                await asyncio.sleep(max(POLL_SECONDS, self._rest.total_seconds()))
        finally:
            await self._store.languages.flush()

    async def _try_to_send(self) -> None:
        try:
            self._store.languages.listening = self._bundle().settings.notices is not None
            await self._store.languages.flush()
            await self.poll()
            self._rest, self._trouble = timedelta(), ""
        except TransportDownError as error:
            self._is_down(str(error))
        except StoreError as error:
            log.warning("notices-store-down", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the loop goes on after any error
            self._is_down(type(error).__name__)

    async def poll(self) -> None:
        """Send due mails, unless another gate does. Raises TransportDownError or StoreError."""
        settings = self._bundle().settings
        notices = settings.notices
        if notices is None or not await self._anything():
            return
        try:
            await self._postman_of(settings, notices).round(partial(self._write, notices))
        finally:
            counts, self._round = dict(self._round), Counts()
            if counts:
                await self._store.audit.append(sent_act(SENT_BY_GATE, gethostname(), counts))

    async def _anything(self) -> bool:
        now = utc_now()
        due = any(is_due(each, now) for each in await self._store.retractions.open())
        due = due or await self._store.mails.has_work(now)
        return due or bool(await due_now(self._store, self._bundle().rules, now))

    async def _write(self, notices: NoticeSettings) -> None:
        """Queue the corrections and the notices that are due."""
        bundle, gate = self._bundle(), Person(SENT_BY_GATE, gethostname())
        about = data_scope_of(bundle), address_book(notices), gate, utc_now()
        await correct(self._store, *about)
        await start_notices(self._store, bundle.rules, *about)

    def _postman_of(self, settings: Settings, notices: NoticeSettings) -> Postman:
        """The postman, kept until the settings change, since it knows when the last mail was sent."""
        key = (notices, settings.public_url, settings.languages)
        if self._postman is None or self._postman[0] != key:
            self._postman = (key, postman_for(settings, notices, self._store, self._on_mail))
        return self._postman[1]

    def _on_mail(self, mail: Mail, state: MailState, why: str) -> None:
        self._round[state.value] += 1
        kind, rule = mail.kind.value, mail.rule
        self._numbers.ended.labels(kind, state.value).inc()
        if state is MailState.SENT:
            log.info("notice-sent", kind=kind, rule=rule)
        elif state is MailState.QUEUED:
            log.info("notice-put-off", kind=kind, rule=rule, why=why)
        elif state is MailState.UNSURE:
            log.warning("notice-unsure", kind=kind, rule=rule, why=why)
        else:
            log.warning("notice-failed", kind=kind, rule=rule, why=why)

    def _is_down(self, trouble: str) -> None:
        self._rest = min(MAX_PAUSE, max(self._rest * 2, timedelta(seconds=POLL_SECONDS)))
        self._numbers.down.inc()
        if trouble != self._trouble:
            log.warning("notices-down", error=trouble)
        self._trouble = trouble

"""What a gate asks: its store, the webmail, issuers, sources of devices, and the mail server."""

import random
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from prometheus_client import CollectorRegistry

from mailgate.app.connectors import runner_for
from mailgate.app.doctor.diagnosis import Diagnosis, Examined, failed, ok, unknown
from mailgate.app.mails import mail_server_of
from mailgate.app.trust import asking
from mailgate.attest.keys import KeySetError, parse_jwks
from mailgate.config.mail import MailSettings
from mailgate.config.sources.every_source import EverySource
from mailgate.config.values import Address
from mailgate.connectors.protocol import SourceTally, SourceTools
from mailgate.console.now.readiness import clock_state
from mailgate.console.words import trouble_in_words
from mailgate.errors import SourceError, Trouble
from mailgate.gateway.remote_keys import JwksError
from mailgate.mail.transport import MailRefused
from mailgate.store import StoreError, StoreMissingError, StoreUnavailableError
from mailgate.store.errors import DamagedStoreError, OlderStoreError
from mailgate.store.migrate import shown, store_url
from mailgate.wire import ApiResponse

REDIRECTS = 4
SET_CLOCK = "set the clock that is wrong, and let NTP keep it: from a minute on, a gate whose clock is off refuses every proof"
_STORE_HELPS: tuple[tuple[type[StoreError], str], ...] = (
    (StoreMissingError, "start a gate, which makes it: `mailgate run`"),
    (OlderStoreError, "back it up, then start a gate of this version, which upgrades it"),
    (DamagedStoreError, "`mailgate store check` says what is damaged; docs/recover.md how to restore it"),
    (StoreUnavailableError, "start the database, or mend `store`; what goes on meanwhile: docs/operate.md#when-things-break"),
    (StoreError, "start the version that wrote it, or restore a backup (docs/recover.md)"),
)  # fmt: skip


async def store(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether the store answers, has the schema of this version, and goes by the same clock."""
    if isinstance(gate.store, StoreError):
        error = gate.store
        help_ = next(words for kind, words in _STORE_HELPS if isinstance(error, kind))
        yield failed("store", str(error), help_)
        return
    url, asked = store_url(gate.at_hand.store.get_secret_value()), gate.clock()
    await gate.opened.ping()
    yield ok("store", f"{shown(url)} answers, and its schema is that of this version")
    if url.get_backend_name() == "sqlite":
        return
    heard = await gate.opened.now(asked)
    yield compared(asked + (gate.clock() - asked) / 2 - heard, "the database's")


def compared(offset: timedelta, whose: str) -> Diagnosis:
    """How far the clock of this machine is ahead of another, which does not tell which of them is wrong."""
    state, seconds = clock_state(offset).state, round(offset.total_seconds())
    if state == "ok":
        return ok("clock", f"this clock agrees with {whose}")
    way = "ahead of" if seconds > 0 else "behind"
    return failed("clock", f"this clock is {abs(seconds)} s {way} {whose}", SET_CLOCK)


class Webmail(NamedTuple):
    """A webmail that its own answers name, and what it needs behind a gate."""

    name: str
    mark: re.Pattern[bytes]
    """What its fields and pages hold."""
    needs: str


WEBMAILS = (
    Webmail(
        "Roundcube",
        re.compile(rb"roundcube_sess|rcmloginuser|rcube_webmail", re.IGNORECASE),
        "`proxy_whitelist` of Roundcube names what passes requests on to it: docs/webmails.md#roundcube",
    ),
    Webmail(
        "SOGo",
        re.compile(rb"/SOGo\.woa/|SOGo\.MainUI"),
        "the nginx before SOGo tells it the address that people type: docs/webmails.md#sogo",
    ),
    Webmail(
        "Outlook on the web",
        re.compile(rb"x-owa-version:|x-feserver:|/owa/auth/", re.IGNORECASE),
        "every address of Exchange goes through the gate, and none by NTLM where nginx or Caddy asks: docs/webmails.md#exchange",
    ),
    Webmail(
        "Nextcloud",
        re.compile(rb"nc_samesitecookie|oc_sessionpassphrase", re.IGNORECASE),
        "`trusted_proxies` and `overwriteprotocol` of Nextcloud: docs/webmails.md#nextcloud",
    ),
)


async def webmail(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether the webmail answers, which one it is, and its clock."""
    where = gate.at_hand.upstream
    try:
        answer, asked = await _front_page(gate), gate.clock()
    except SourceError as error:
        helps = "start it, or mend `upstream`; until then people get a page with status 502"
        if error.trouble is Trouble.CERTIFICATE:
            helps = "name the authority of its certificate in `upstream_ca`, and the server as its certificate does"
        yield failed("webmail", f"{where} {trouble_in_words(str(error))}", helps)
        return
    if answer.status >= 500:
        found = f"{where} answers its front page with {answer.status}"
        yield failed("webmail", found, "the webmail's own log says why")
        return
    known, found = named_by(answer), f"{where} answers with {answer.status}"
    yield ok("webmail", f"{found}; it is {known.name}", known.needs) if known else ok("webmail", found)
    if date := _date_of(answer):
        # its seconds are whole ones
        yield compared(asked - date - timedelta(milliseconds=500), "the webmail's")


def named_by(answer: ApiResponse) -> Webmail | None:
    """The webmail of this answer; None if it is none that is known."""
    fields = "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
    return next((each for each in WEBMAILS if each.mark.search(fields + b"\n\n" + answer.body)), None)


async def _front_page(gate: Examined) -> ApiResponse:
    """The page to which the webmail leads whoever comes by its name, as the gate asks for it."""
    settings, target = gate.at_hand, "/"
    own = {urlsplit(each).netloc for each in (settings.upstream, settings.public_url)}
    headers = {"Host": urlsplit(settings.public_url).netloc, "Accept": "text/html"}
    for _ in range(REDIRECTS):
        answer = await gate.get(settings.upstream + target, settings.upstream_ca, headers)
        leads = urlsplit(urljoin(settings.upstream + target, answer.headers.get("location", "")))
        if answer.status not in range(300, 400) or leads.netloc not in own or named_by(answer):
            break
        target = leads._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return answer


def _date_of(answer: ApiResponse) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else None


_JWKS_HELPS = {
    "tls": "name its authority in `jwks_ca`",
    "redirect": "write the address to which it leads into `jwks`, if you trust it: redirects are not followed",
}


async def issuers(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether the keys of each issuer that publishes them can be fetched."""
    for each in gate.at_hand.attestation.issuers:
        if not isinstance(each.jwks, str):
            continue
        name = f"issuer {urlsplit(each.issuer).netloc or each.issuer}"
        try:
            answer = await asking(each)("")
            keys = len(parse_jwks(answer.text or "").keys)
            yield ok(name, f"{each.jwks} has {keys} keys")
        except (JwksError, KeySetError) as error:
            why = error.why if isinstance(error, JwksError) else "malformed"
            status = f" {error.status}" if isinstance(error, JwksError) and error.status else ""
            mend = "mend `jwks`, or its server: a day after its last answer none of its tokens counts"
            helps = _JWKS_HELPS.get(why, mend)
            yield failed(name, f"{each.jwks} gives no keys: {why}{status}", helps)


async def connectors(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether each source of devices can be read now; of those that post by themselves, when they last did."""
    states = await gate.opened.connectors.states()
    for name, settings in gate.at_hand.connectors.items():
        last = states[name].last_success if name in states else None
        if settings.scheduled():
            yield await _read(gate, name, settings)
        elif last:
            yield ok(f"connector {name}", f"sends reports by itself, last at {last:%Y-%m-%d %H:%M} UTC")
        else:
            needs = "docs/connectors.md says what the source needs"
            yield unknown(f"connector {name}", "sends reports by itself, and has sent none yet", needs)


async def _read(gate: Examined, name: str, settings: EverySource) -> Diagnosis:
    """The first device of a source. A source that asks to wait is not waited for."""
    assert gate.bundle is not None
    bundle, tally = gate.bundle, SourceTally()

    async def wait_for_nothing(_seconds: float) -> None:
        raise SourceError(Trouble(tally.retrying))

    made = runner_for(gate.opened, lambda: bundle, CollectorRegistry()).make
    connector = made(name, settings, SourceTools(gate.clock, wait_for_nothing, random.random, tally))
    try:
        async with aclosing(connector.devices(None)) as devices:
            async for _ in devices:
                break
    except SourceError as error:
        helps = f"`mailgate connectors check {name}` says more; docs/connectors.md what it needs"
        return failed(f"connector {name}", trouble_in_words(str(error)), helps)
    finally:
        await connector.close()
    return ok(f"connector {name}", "it can be read")


async def mail_servers(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether each mail server takes the login of the settings. No mail is sent."""
    notices, quarantine = gate.at_hand.notices, gate.at_hand.activesync.quarantine_mail
    ways: list[tuple[str, MailSettings, Address]] = []
    if notices and notices.smtp:
        ways.append(("notices", notices, notices.smtp))
    if quarantine:
        ways.append(("activesync.quarantine_mail", quarantine, quarantine.smtp))
    for key, settings, smtp in ways:
        try:
            await mail_server_of(settings, smtp).greet()
            yield ok("mail server", f"{smtp} takes mail of `{key}`")
        except MailRefused as error:
            helps = f"mend `smtp`, `security` and the login of `{key}`, or the mail server"
            yield failed("mail server", f"{smtp} takes no mail of `{key}`: {error}", helps)

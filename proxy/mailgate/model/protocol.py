"""The protocols in which mail is asked for, and what the gate knows of each whatever the request is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Protocol(StrEnum):
    """The protocol of a request. It is recognised by path, method, headers and the client's name, and it decides the
    form of a refusal.

    The last four are logins at the mail server itself (``LOGIN_PROTOCOLS``), which it asks about one by one.
    """

    WEB = "web"
    ACTIVESYNC = "activesync"
    DAV = "dav"
    EWS = "ews"
    JMAP = "jmap"
    MAPI = "mapi"
    IMAP = "imap"
    POP3 = "pop3"
    SUBMISSION = "submission"
    SIEVE = "sieve"


@dataclass(frozen=True, slots=True)
class ProtocolTraits:
    """What holds for every request in a protocol."""

    path: str = ""
    """The path that is recorded for a request, by which it is recognised again. If it is empty, the first folder of the
    request's own path is recorded."""
    of_mail_apps: bool = False
    """Whether mail apps speak it, which answer a login challenge (RFC 9110, section 11.3)."""
    can_prove: bool = False
    """Whether its usual clients can send signed evidence."""
    is_login: bool = False
    """Whether it is a login at the mail server itself."""


@dataclass(frozen=True, slots=True)
class ActiveSyncPlace:
    """Where the webmail itself checks the login of every request, so that more than the request's own word stands behind
    the names in it (``classify/activesync.py``)."""

    addresses: tuple[str, ...] = ("/Microsoft-Server-ActiveSync",)
    """Its paths, which are compared literally."""
    cookies: tuple[str, ...] = ("X-BackEndCookie", "ClientId")
    """The cookies that log nobody in: by these a load balancer, or Exchange, finds a phone's server again."""


DEFAULT_PLACE = ActiveSyncPlace()


_LOGIN = ProtocolTraits(is_login=True)
PROTOCOL_TRAITS: Mapping[Protocol, ProtocolTraits] = {
    Protocol.WEB: ProtocolTraits(can_prove=True),
    Protocol.ACTIVESYNC: ProtocolTraits("/Microsoft-Server-ActiveSync", of_mail_apps=True),
    Protocol.DAV: ProtocolTraits("/dav/", of_mail_apps=True),
    Protocol.EWS: ProtocolTraits("/EWS/Exchange.asmx", of_mail_apps=True),
    Protocol.JMAP: ProtocolTraits("/jmap/", of_mail_apps=True, can_prove=True),
    Protocol.MAPI: ProtocolTraits("/mapi/emsmdb/", of_mail_apps=True),
    Protocol.IMAP: _LOGIN,
    Protocol.POP3: _LOGIN,
    Protocol.SUBMISSION: _LOGIN,
    Protocol.SIEVE: _LOGIN,
}
"""The traits of every protocol."""
LOGIN_PROTOCOLS = frozenset(each for each, traits in PROTOCOL_TRAITS.items() if traits.is_login)
"""The side door: the protocols between a mail server and mail clients (RFC 9051, 1939, 6409 and 5804)."""

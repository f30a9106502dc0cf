"""Which headers may be believed from whom, and which never reach the webmail.

A client can write any header. Those that a front proxy or this gate sets to tell the webmail who is there are dropped
from every request, in any spelling, and set anew; a peer in ``trusted_proxies`` is believed about the client's address
and the scheme, nobody else is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from mailgate.gateway.http1.fields import Field
from mailgate.gateway.http1.grammar import HOST, values

Network = IPv4Network | IPv6Network

# names as `canonical` makes them
FORGEABLE = frozenset(
    {
        b"forwarded",
        b"x-real-ip",
        b"x-cluster-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"x-original-uri",
        b"x-original-url",
        b"x-original-method",
        b"x-original-for",
        b"x-rewrite-url",
        b"x-http-method-override",
        b"x-forwarded",
        b"proxy",  # a CGI application takes it for the variable HTTP_PROXY (CVE-2016-5385)
        b"remote-user",
        b"x-remote-user",
        b"x-webobjects-remote-user",
        b"x-user",
        b"x-arr-clientcert",
        b"device-attestation",
        b"device-proof",
        b"dpop",
    }
)
FORGEABLE_PREFIXES = (
    b"x-forwarded-",
    b"x-ssl",
    b"ssl-client-",
    b"client-cert",
    b"x-client-",
    b"x-amzn-mtls-",
    b"x-device-",
    b"x-mailgate-",
    b"mailgate-",
    b"x-auth-request-",
    b"x-remote-",
)

# RFC 9110, section 7.6.1; `trailer` and `te` are decided where the message is written
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
# An underscore twin of one of these reads as the real one to a CGI-like webmail (RFC 3875, section 4.1.18)
FRAMING = HOP_BY_HOP | {b"content-length"}


LONGEST_NAME = 128
"""Bytes of a field name that is remembered, and of an address that is read: clients make names up, and long ones fill the memory."""


def canonical(name: bytes) -> bytes:
    """One spelling for a field name: an application that reads CGI variables cannot tell ``_`` from ``-``."""
    return name.lower().replace(b"_", b"-")


def forgeable(name: bytes) -> bool:
    """Whether a client could pass itself off as something with this field."""
    return _known_forgeable(name) if len(name) <= LONGEST_NAME else _forgeable(name)


def _forgeable(name: bytes) -> bool:
    plain = canonical(name)
    return plain in FORGEABLE or plain.startswith(FORGEABLE_PREFIXES) or (b"_" in name and plain in FRAMING)


_known_forgeable = lru_cache(4096)(_forgeable)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as it may be believed."""

    remote: str
    scheme: str
    host: bytes
    forwarded_for: bytes
    """The value of X-Forwarded-For that the webmail gets."""
    user: bytes = b""
    """Who a trusted proxy says is there (X-Forwarded-User); the webmail is told the same."""
    by_proxy: bool = False
    """Whether a trusted proxy said all this."""


LOCAL = "unix:"
"""The peer at a Unix socket for the questions of a proxy."""


def is_proxy(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether this peer is believed about who is behind it. A Unix socket is opened by who may open its file, a proxy."""
    return peer == LOCAL or within(peer, trusted)


def origin_of(
    fields: Sequence[Field], *, peer: str, secure: bool, host: bytes, trusted: Sequence[Network]
) -> Origin:
    """Reads X-Forwarded-* from a trusted peer; from anyone else the connection itself says who is there."""
    scheme = "https" if secure else "http"
    if not is_proxy(peer, trusted):
        return Origin(peer, scheme, host, peer.encode())
    chain = [
        part.strip().decode("latin-1")
        for value in values(fields, b"x-forwarded-for")
        for part in value.split(b",")
    ]
    chain = [part for part in chain if part]
    proto = values(fields, b"x-forwarded-proto")
    if proto and proto[-1].lower() in (b"http", b"https"):
        scheme = proto[-1].lower().decode()
    hosts = [value for value in values(fields, b"x-forwarded-host") if HOST.fullmatch(value)]
    remote = next((hop for hop in reversed(chain) if not within(hop, trusted)), chain[0] if chain else peer)
    if not _is_address(remote):
        remote, chain = peer, []
    users = values(fields, b"x-forwarded-user")
    hops = chain if peer == LOCAL else [*chain, peer]
    return Origin(
        remote,
        scheme,
        hosts[-1] if hosts else host,
        ", ".join(hops).encode("latin-1"),
        users[0] if len(users) == 1 else b"",
        by_proxy=True,
    )


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is of one of these networks."""
    parsed = _address(address) if networks else None
    return parsed is not None and any(
        parsed in network for network in networks if network.version == parsed.version
    )


def _is_address(text: str) -> bool:
    return _address(text) is not None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return _parsed(text) if len(text) <= LONGEST_NAME else None


@lru_cache(1024)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """A listener on [::] sees IPv4 peers as mapped addresses: they are what they map."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed

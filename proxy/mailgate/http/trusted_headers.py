"""Decides which headers to believe from which peer. A client can write any header, and only a peer in ``trusted_proxies`` is believed
about the client's address and the scheme."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from mailgate.http.fields import Field
from mailgate.http.grammar import HOST, values
from mailgate.model.addresses import canonical_address, read_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a request, as far as it can be believed."""

    remote: str
    scheme: str
    host: bytes
    forwarded_for: bytes
    """The value of X-Forwarded-For that the webmail gets."""
    user: bytes = b""
    """The person whom a trusted proxy names (X-Forwarded-User), passed on to the webmail; empty if none is named."""
    by_proxy: bool = False
    """Whether the origin comes from a trusted proxy."""

    lines: bytes = field(init=False, repr=False, compare=False)
    """The field lines that tell the webmail."""

    def __post_init__(self) -> None:
        told = (
            b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nX-Real-IP: %b\r\n%b"
            % (
                self.forwarded_for,
                self.scheme.encode(),
                self.host,
                self.remote.encode("latin-1"),
                b"X-Forwarded-User: %b\r\n" % self.user if self.user else b"",
            )
        )
        object.__setattr__(self, "lines", told)


LOCAL = "unix:"
"""The name of the peer at a Unix socket for a proxy's questions."""


def is_proxy(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether this peer is believed about the client behind it. A peer at a Unix socket is a proxy, by the file's permissions."""
    return peer == LOCAL or (bool(trusted) and within(peer, trusted))


TOLD = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-user")
"""The fields that ``origin_of`` reads."""


def origin_of(
    fields: Sequence[Field], *, peer: str, secure: bool, host: bytes, trusted: Sequence[Network]
) -> Origin:
    """Read X-Forwarded-* from a trusted peer. For any other peer the connection itself says where the request is from."""
    scheme, peer = "https" if secure else "http", canonical_address(peer)
    if not is_proxy(peer, trusted):
        return Origin(peer, scheme, host, peer.encode())
    chain = [
        canonical_address(part.strip().decode("latin-1"))
        for value in values(fields, b"x-forwarded-for")
        for part in value.split(b",")
    ]
    chain = [part for part in chain if part]
    proto = values(fields, b"x-forwarded-proto")
    if proto and proto[-1].lower() in (b"http", b"https"):
        scheme = proto[-1].lower().decode()
    hosts = [value for value in values(fields, b"x-forwarded-host") if HOST.fullmatch(value)]
    remote = next((hop for hop in reversed(chain) if not within(hop, trusted)), chain[0] if chain else peer)
    if read_address(remote) is None:
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


@lru_cache(1024)
def name_in(host: bytes) -> str:
    """The name or address in a ``Host``, in one spelling. The port is dropped, since a tunnel or a published port changes it."""
    text = host.decode("latin-1").lower()
    return canonical_name(text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0])


def canonical_name(text: str) -> str:
    """A host name or an address in one spelling: a dot at the end says nothing more (RFC 1034, section 3.1)."""
    name = text.lower().removesuffix(".")
    address = read_address(name)
    return name if address is None else str(address)


def within(address: str, networks: Sequence[Network]) -> bool:
    parsed = read_address(address) if networks else None
    return parsed is not None and any(
        parsed in network for network in networks if network.version == parsed.version
    )

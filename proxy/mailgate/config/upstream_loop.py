"""Finds out whether ``upstream`` leads back to a port of this gate. The console would then be served to everybody, or a
request would go in circles.

The spelling does not matter: the addresses of the name are compared with those of this machine.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from mailgate.config.values import Address

IP = IPv4Address | IPv6Address
_LOOPBACK: frozenset[IP] = frozenset({IPv4Address("127.0.0.1"), IPv6Address("::1")})


class HostResolver:
    """Knows host names and addresses. This one resolves no name but ``localhost``, and reads addresses in every spelling that a system
    call takes."""

    def addresses(self, host: str) -> frozenset[IP]:
        """The addresses of a host; empty if unknown."""
        if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
            return _LOOPBACK
        try:
            return frozenset({_plain(host)})
        except ValueError:
            return _as_number(host)

    def is_here(self, address: IP) -> bool:
        """Whether an address is this machine's."""
        return address.is_loopback


LITERAL_RESOLVER = HostResolver()


class SystemResolver(HostResolver):
    """Asks the system, which may ask name servers. A start and ``mailgate check`` use it."""

    def addresses(self, host: str) -> frozenset[IP]:
        return super().addresses(host) or self.looked_up(host)

    def looked_up(self, host: str) -> frozenset[IP]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # an unknown name leads nowhere
            return frozenset()
        return frozenset(_plain(str(each[4][0])) for each in found)

    def is_here(self, address: IP) -> bool:
        """An address is this machine's if a socket can be bound to it."""
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as tried:
                tried.bind((str(address), 0))
        except OSError:
            return False
        return True


def leads_back(host: str, port: int, listeners: Iterable[Address], names: HostResolver) -> Address | None:
    """The listener at ``host`` and ``port``; None if it is not one of this gate."""
    host = host.lower().removesuffix(".")
    return next(
        (each for each in listeners if each.port == port and _meets(host, each.host.lower(), names)), None
    )


def _meets(host: str, own: str, names: HostResolver) -> bool:
    here = socket.gethostname().lower()
    if host in (own, here, here.partition(".")[0]):
        return True
    wanted, taken = names.addresses(host), names.addresses(own)
    reached = {loopback for each in wanted for loopback in (_LOOPBACK if each.is_unspecified else {each})}
    if any(each.is_unspecified for each in taken):
        return any(each.is_loopback or names.is_here(each) for each in reached)
    return not reached.isdisjoint(taken)


def _plain(text: str) -> IP:
    """An address without its interface, and as IPv4 if it is a mapped one."""
    found = ip_address(text.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _as_number(text: str) -> frozenset[IP]:
    """An IPv4 address in a spelling that only system calls read: ``127.1``, ``0x7f000001``."""
    try:
        return frozenset({IPv4Address(socket.inet_aton(text))})
    except OSError:
        return frozenset()

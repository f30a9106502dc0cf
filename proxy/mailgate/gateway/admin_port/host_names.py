"""Refuses requests to the admin port under any name but its own.

This stops DNS rebinding: the owner of a name can point it at this machine while a page of theirs is open in a browser.
The browser then takes the admin port for the same origin as that page, but the ``Host`` that it sends still has the
foreign name.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.http1.grammar import members
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.http1.trusted_headers import Network, name_in, origin_of, within
from mailgate.gateway.proxy.heads import PSEUDONYM
from mailgate.model import Reason
from mailgate.model.addresses import read_address

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
WRONG_NAME = (
    "This is not a name of the admin port. Expected an address of this machine, localhost, the host of"
    " `console.url`, or a name in `console.hosts`."
)


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """The names that the settings give to the admin port."""

    names: frozenset[str]
    """The names in lower case."""
    proxies: tuple[Network, ...] = ()
    """The proxies that are believed about the name in the browser's request (``X-Forwarded-Host``)."""

    def admit(self, exchange: Exchange) -> None:
        """Raise RequestRefused for a foreign name, and for a request that came through a gate's port for mail."""
        head = exchange.head
        if any(PSEUDONYM in each.split() for each in members(head.fields, b"via")):
            words = "This request came through a gate's port for mail. `upstream` must not lead here."
            raise RequestRefused(421, Reason.REQUEST_MALFORMED, words)
        asked = origin_of(
            head.fields,
            peer=exchange.peer,
            secure=exchange.secure,
            host=head.host,
            trusted=self.proxies,
        ).host
        # HTTP/1.0 has no Host, and a browser always sends one
        if asked and not self._has(name_in(asked), exchange.reached_at):
            raise RequestRefused(421, Reason.REQUEST_MALFORMED, WRONG_NAME)

    def _has(self, name: str, reached_at: str) -> bool:
        if name in self.names or name == "localhost" or within(name, LOOPBACK):
            return True
        return bool(reached_at) and read_address(name) == read_address(reached_at) is not None

"""The plain values in settings: durations, sizes and parts, and addresses: where a server listens, origins, services, networks.

Each is a type for a pydantic field, like those of ``references.py``. It reads the value that is written in the file, and says in its
own words what was expected.
"""

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, PlainValidator, WithJsonSchema

from mailgate.model.addresses import read_address
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import SHARE, share_of
from mailgate.policy.written import Duration as Duration

_SIZE = r"^(0|[1-9][0-9]{0,14}(B|KiB|MiB|GiB))$"
_BYTES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def text_like(value: object, pattern: str, kind: str, expected: str) -> str:
    """The text if all of it matches this pattern. Otherwise raises ``PydanticCustomError`` of that kind."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise wrong_value(kind, f"not {expected}")
    return value


def _size(value: object) -> int:
    zero = "0" if value == 0 and not isinstance(value, bool) else value
    text = text_like(zero, _SIZE, "size", "a size; use one like 512B, 64KiB, 25MiB or 1GiB, or 0")
    digits, unit = re.match(r"([0-9]+)(.*)", text).groups()  # type: ignore[union-attr]
    return int(digits) * _BYTES[unit]


Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _SIZE}, {"const": 0}]}),
]


def _part_or_count(value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9:
        return value
    if isinstance(value, str) and re.fullmatch(SHARE, value):
        return share_of(value)
    raise wrong_value("part", "neither a number nor a percentage; use one like 100 or 1%")


PartOrCount = Annotated[
    int | float,
    BeforeValidator(_part_or_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": SHARE}]}),
]
"""A number or a part: a whole number, or a float from 0 to 1 that was written as a percentage."""

_ADDRESS = r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+):[0-9]{1,5}$"
_SOCKET_FILE = r"^unix:/[!-~]{1,100}$"  # the longest path in `sun_path`
_HTTP_URL = r"^https?://[!-~]+$"
_HTTPS_URL = r"^https://[!-~]+$"
_ORIGIN = r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Address:
    """The address on which a server listens. Port 0 stands for any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A Unix socket on which a server listens, for users who may open its file."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


def _place(value: object) -> Address | SocketFile:
    if not isinstance(value, str) or not value.startswith("unix:"):
        return _address(value)
    if not re.fullmatch(_SOCKET_FILE, value):
        message = "not the path of a Unix socket; use one of at most 100 characters, like unix:/run/mailgate/questions.sock"
        raise wrong_value("address", message)
    return SocketFile(Path(value.removeprefix("unix:")))


def _address(value: object) -> Address:
    expected = "an address; use host:port, like 127.0.0.1:8080 or [::1]:8080"
    text = text_like(value, _ADDRESS, "address", expected)
    host, _, port = text.rpartition(":")
    if int(port) > 65535:
        raise wrong_value("address", "no such port; use 0 to 65535")
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            wrong = "not an IPv6 address in the brackets; use one like [::1]"
            raise wrong_value("address", wrong) from error
    return Address(host.strip("[]"), int(port))


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise wrong_value("url", "not a URL; use one like https://mail.example.com") from error
    if parts.password is not None or parts.username is not None:
        elsewhere = "put them elsewhere, or give the whole value as {env: NAME} or {file: PATH}"
        raise wrong_value("url", f"the URL contains credentials; {elsewhere}")
    return parts


def _origin(value: object) -> str:
    """An origin: scheme, host and port, and nothing else. With a path in it one request could have two URLs."""
    if not isinstance(value, str):
        raise wrong_value("url", "not a URL; use one like https://mail.example.com")
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise wrong_value("url", "not an http or https URL; use one like https://mail.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment or value.endswith(("?", "#")):
        raise wrong_value("url", "the URL has a path, query or fragment; give only scheme, host and port")
    if not re.fullmatch(_ORIGIN, value) or parts.port == 0:
        expected = "use ASCII (other names as xn--…) and a port other than 0"
        raise wrong_value("url", f"no usable host and port; {expected}")
    return _canonical(parts)


def _canonical(origin: SplitResult) -> str:
    """The only spelling of an origin that browsers and issuers use (RFC 6454, section 6.2)."""
    address = str(Address(origin.hostname or "", 0)).removesuffix(":0")
    said = origin.port not in (None, {"http": 80, "https": 443}[origin.scheme])
    return f"{origin.scheme}://{address}{f':{origin.port}' if said else ''}"


def _service(value: object) -> str:
    """The address of a service that gets a secret: https, or http within this machine."""
    origin = _origin(value)
    if not is_private_way(origin):
        raise wrong_value("url", "not https; use https, since a secret is sent there")
    return origin


def _network(value: object) -> IPNetwork:
    near = None
    with suppress(ValueError):
        near = ipaddress.ip_network(value, strict=False) if isinstance(value, str) else None
    if near is None:
        raise wrong_value("network", "not a network; use one like 10.0.0.0/8, fd00::/8 or one address")
    try:
        network = _in_one_form(ipaddress.ip_network(str(value)))
    except ValueError as error:
        raise wrong_value("network", f"host bits are set; did you mean `{near}`?") from error
    if network.prefixlen < _WIDEST[network.version] and not network.is_private:
        everybody = "nearly everybody is in it, and could choose an address and a name"
        raise wrong_value("network", f"{everybody}; use the addresses of the proxies alone")
    return network


_WIDEST = {4: 8, 6: 16}
"""The shortest prefix of a public network. Nobody has proxies in a larger one; all of a continent is a ``/12`` of IPv6."""


def _in_one_form(network: IPNetwork) -> IPNetwork:
    """An IPv4 network that is written in IPv6 (``::ffff:10.0.0.0/104``) is one in IPv4, like its addresses."""
    first = read_address(str(network.network_address))
    if network.version == 4 or network.prefixlen < 96 or not isinstance(first, ipaddress.IPv4Address):
        return network
    return ipaddress.ip_network((int(first), network.prefixlen - 96))


def jwks_url(text: str) -> str:
    """The address from which keys are fetched. Anybody who could change the answer could sign for every device."""
    parts = _split(text)
    if not re.fullmatch(_HTTP_URL, text) or not parts.hostname or parts.fragment or parts.port == 0:
        raise wrong_value("url", "not the URL of a JWKS; use one like https://mdm.example.com/jwks.json")
    if not is_private_way(text):
        raise wrong_value("url", "keys over plain http can be forged; use https, or http on loopback")
    return text


def _issuer(value: object) -> str:
    """The address of a provider of logins. Anybody who could change its answers could log in as anybody."""
    parts = _split(value) if isinstance(value, str) else None
    if parts is None or not parts.hostname or not re.fullmatch(_HTTP_URL, str(value)) or parts.port == 0:
        raise wrong_value("url", "not the URL of an issuer; use one like https://login.example.com")
    if parts.query or parts.fragment or str(value).endswith(("?", "#")):
        raise wrong_value("url", "the URL has a query or fragment; leave them out")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise wrong_value("url", "over http this could be forged; use https, or http on loopback")
    return str(value)


def is_private_way(url: str) -> bool:
    """Whether nobody on the network can read or change what is sent: by https, or within this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    except ValueError:
        return False


def _page(value: object) -> str:
    """The address of a page to which people are sent."""
    parts = _split(value) if isinstance(value, str) else None
    if parts is None or not parts.hostname or not re.fullmatch(_HTTPS_URL, str(value)):
        wrong = "not the https URL of a page; use one like https://store.example.com/mailgate"
        raise wrong_value("url", wrong)
    return str(value)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


Listen = Annotated[
    InstanceOf[Address],
    PlainValidator(_address),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": _ADDRESS}),
]
ListenAnywhere = Annotated[
    InstanceOf[Address] | InstanceOf[SocketFile],
    PlainValidator(_place),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"{_ADDRESS}|{_SOCKET_FILE}"}),
]
Origin = Annotated[str, BeforeValidator(_origin), WithJsonSchema({"type": "string", "pattern": _ORIGIN})]
ServiceUrl = Annotated[str, BeforeValidator(_service), WithJsonSchema({"type": "string", "pattern": _ORIGIN})]
IssuerUrl = Annotated[str, BeforeValidator(_issuer), WithJsonSchema({"type": "string", "pattern": _HTTP_URL})]
PageUrl = Annotated[str, BeforeValidator(_page), WithJsonSchema({"type": "string", "pattern": _HTTPS_URL})]
Network = Annotated[IPNetwork, PlainValidator(_network), WithJsonSchema({"type": "string"})]
"""A network whose word is believed."""

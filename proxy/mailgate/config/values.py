"""The values that settings are made of: durations, sizes, addresses, URLs, networks, files and secrets.

Each is a type for a pydantic field: it takes what stands in the file and says in its own words what it expects.
"""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BeforeValidator,
    InstanceOf,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from mailgate.attest import KeySetError, parse_jwks

MAX_SECRET_CHARACTERS = 64 * 1024
MAX_DURATION = timedelta(days=36500)
MAX_JWKS_CHARACTERS = 1024 * 1024

_DURATION = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = r"^(0|[1-9][0-9]{0,14}(B|KiB|MiB|GiB))$"
_BYTES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_PART = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)%$"
_ADDRESS = r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+):[0-9]{1,5}$"
_HTTP_URL = r"^https?://[!-~]+$"
_ORIGIN = r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references lead: the folder that relative paths start from, and the environment."""

    folder: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. Port 0: any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _text(value: object, pattern: str, kind: str, expected: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise PydanticCustomError(kind, f"not {expected}")
    return value


def _duration(value: object) -> timedelta:
    text = _text(value, _DURATION, "duration", "a duration; expected one like 500ms, 30s, 5m, 24h or 30d")
    digits, unit = re.findall(r"[0-9]+|[a-z]+", text)
    if int(digits) * _SECONDS[unit] > MAX_DURATION.total_seconds():
        raise PydanticCustomError("duration", "too long a duration; expected at most 36500d")
    return timedelta(seconds=int(digits) * _SECONDS[unit])


def _size(value: object) -> int:
    zero = "0" if value == 0 and not isinstance(value, bool) else value
    text = _text(zero, _SIZE, "size", "a size; expected one like 512B, 64KiB, 25MiB or 1GiB, or 0")
    digits, unit = re.match(r"([0-9]+)(.*)", text).groups()  # type: ignore[union-attr]
    return int(digits) * _BYTES[unit]


def _address(value: object) -> Address:
    text = _text(
        value, _ADDRESS, "address", "an address; expected host:port, like 127.0.0.1:8080 or [::1]:8080"
    )
    host, _, port = text.rpartition(":")
    if int(port) > 65535:
        raise PydanticCustomError("address", "no such port; expected 0 to 65535")
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            raise PydanticCustomError(
                "address", "not an IPv6 address in the brackets; expected one like [::1]"
            ) from error
    return Address(host.strip("[]"), int(port))


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise PydanticCustomError("url", "not a URL; expected one like https://mail.example.com") from error
    if parts.password is not None or parts.username is not None:
        raise PydanticCustomError(
            "url",
            "credentials stand in the URL; expected them elsewhere, or the whole value as {env: NAME} or {file: PATH}",
        )
    return parts


def _origin(value: object) -> str:
    """Scheme, host and port, nothing else: a path would make two URLs out of one request."""
    if not isinstance(value, str):
        raise PydanticCustomError("url", "not a URL; expected one like https://mail.example.com")
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise PydanticCustomError(
            "url", "not an http or https URL; expected one like https://mail.example.com"
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment or value.endswith(("?", "#")):
        raise PydanticCustomError(
            "url", "more than scheme, host and port; expected a URL without path, query and fragment"
        )
    if not re.fullmatch(_ORIGIN, value) or parts.port == 0:
        raise PydanticCustomError(
            "url",
            "no host and port that can be asked; expected ASCII, a name beyond it as xn--…, and no port 0",
        )
    return _canonical(parts)


def _canonical(origin: SplitResult) -> str:
    """The one spelling of an origin that browsers and issuers use (RFC 6454, section 6.2)."""
    address = str(Address(origin.hostname or "", 0)).removesuffix(":0")
    said = origin.port not in (None, {"http": 80, "https": 443}[origin.scheme])
    return f"{origin.scheme}://{address}{f':{origin.port}' if said else ''}"


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _service(value: object) -> str:
    """Where a service is asked with a secret: never in the clear, except within this machine."""
    origin = _origin(value)
    if origin.startswith("http:") and urlsplit(origin).hostname not in _LOOPBACK:
        raise PydanticCustomError("url", "not https; expected https, since a secret is sent there")
    return origin


def _network(value: object) -> IPNetwork:
    try:
        return ipaddress.ip_network(str(value)) if isinstance(value, str) else _no_network()
    except ValueError as error:
        try:
            near = ipaddress.ip_network(str(value), strict=False)
        except ValueError:
            _no_network(error)
        raise PydanticCustomError("network", f"host bits are set; did you mean `{near}`?") from error


def _no_network(cause: Exception | None = None) -> IPNetwork:
    raise PydanticCustomError(
        "network", "not a network; expected one like 10.0.0.0/8, fd00::/8 or one address"
    ) from cause


def _sources(info: ValidationInfo) -> Sources:
    sources = (info.context or {}).get("sources")
    assert isinstance(sources, Sources)
    return sources


def _file(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value:
        raise PydanticCustomError("file", "not a path; expected a file, relative to the folder of this one")
    if "://" in value:
        raise PydanticCustomError(
            "file", "a URL is not read here; expected a file, relative to the folder of this one"
        )
    path = _sources(info).folder / value
    if not os.path.isfile(path):  # unlike Path.is_file, takes every text
        raise PydanticCustomError(
            "file", "no such file; expected one that can be read, relative to the folder of this one"
        )
    return path


def _place(value: object, info: ValidationInfo) -> Path:
    """Where a file is or will be: others write it."""
    if not isinstance(value, str) or not value or "://" in value or "\0" in value:
        raise PydanticCustomError("file", "not a path; expected one, relative to the folder of this file")
    return _sources(info).folder / value


def _jwks(value: object, info: ValidationInfo) -> Path | str:
    if isinstance(value, str) and "://" in value:
        return _jwks_url(value)
    path = _file(value, info)
    try:
        with path.open(encoding="utf-8") as file:
            parse_jwks(file.read(MAX_JWKS_CHARACTERS))
    except (OSError, UnicodeDecodeError) as error:
        raise PydanticCustomError("file", "the file cannot be read; expected a JWKS in UTF-8") from error
    except KeySetError as error:
        wrong = "; ".join(error.mistakes)
        raise PydanticCustomError(
            "file", "the file is no JWKS of public keys: {wrong}", {"wrong": wrong}
        ) from error
    return path


def _jwks_url(text: str) -> str:
    """Where keys are asked for: whoever could change them on the way could sign for every device."""
    parts = _split(text)
    if not re.fullmatch(_HTTP_URL, text) or not parts.hostname or parts.fragment or parts.port == 0:
        raise PydanticCustomError(
            "url", "not the URL of a JWKS; expected one like https://mdm.example.com/jwks.json"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise PydanticCustomError(
            "url", "keys over plain http can be forged; expected https, or http on loopback"
        )
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _authorities(value: object, info: ValidationInfo) -> Path:
    path = _file(value, info)
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # an SSLError is one
        raise PydanticCustomError(
            "file", "the file holds no certificates; expected those of authorities, in PEM"
        ) from error
    return path


def _secret(value: object, info: ValidationInfo) -> object:
    """What a reference leads to; anything else is handed on as it is."""
    if not isinstance(value, dict):
        return value
    if (
        len(value) != 1
        or not isinstance(next(iter(value.values())), str)
        or next(iter(value)) not in ("env", "file")
    ):
        raise PydanticCustomError("secret", "not a reference; expected {env: NAME} or {file: PATH}")
    (kind, name), sources = next(iter(value.items())), _sources(info)
    found = sources.environ.get(name) if kind == "env" else _content(sources.folder / name)
    if not found:
        what = f"the environment variable {name}" if kind == "env" else f"the file {name}"
        raise PydanticCustomError(
            "secret", "{what} is missing or empty; expected it to hold the value", {"what": what}
        )
    return SecretStr(found)


def _content(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_SECRET_CHARACTERS).strip()
    except (OSError, ValueError):  # no such file, no name of one, not UTF-8
        return ""


def _reference(value: object, info: ValidationInfo) -> SecretStr:
    found = _secret(value, info)
    if not isinstance(found, SecretStr):
        raise PydanticCustomError("secret", "not a reference; expected {env: NAME} or {file: PATH}")
    return found


def _key(value: object, info: ValidationInfo) -> SecretStr:
    """A secret that goes into a header, so it is one line of visible characters."""
    found = _reference(value, info)
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", found.get_secret_value()):
        raise PydanticCustomError(
            "secret", "what it leads to cannot stand in a header; expected visible ASCII characters"
        )
    return found


_STORE = r"^(sqlite|postgres|postgresql)(\+[a-z0-9]+)?://"


def _store(value: object, info: ValidationInfo) -> SecretStr:
    found = _secret(value, info)
    text = found.get_secret_value() if isinstance(found, SecretStr) else found
    if not isinstance(text, str) or not re.match(_STORE, text):
        raise PydanticCustomError(
            "store", "not the URL of a store; expected sqlite:///FILE or postgresql://HOST/DATABASE"
        )
    if not isinstance(found, SecretStr) and (urlsplit(text).password is not None or "password=" in text):
        raise PydanticCustomError(
            "store",
            "a password stands in the URL; expected the whole URL as a reference: {env: NAME} or {file: PATH}",
        )
    return SecretStr(text)


def default_environ() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


_REFERENCE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {"env": {"type": "string", "minLength": 1}, "file": {"type": "string", "minLength": 1}},
}
_PATH = {"type": "string", "minLength": 1}

Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": _DURATION})
]
Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _SIZE}, {"const": 0}]}),
]
Listen = Annotated[
    InstanceOf[Address],
    PlainValidator(_address),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": _ADDRESS}),
]
Origin = Annotated[str, BeforeValidator(_origin), WithJsonSchema({"type": "string", "pattern": _ORIGIN})]
ServiceUrl = Annotated[str, BeforeValidator(_service), WithJsonSchema({"type": "string", "pattern": _ORIGIN})]
Network = Annotated[IPNetwork, PlainValidator(_network), WithJsonSchema({"type": "string"})]
ExistingFile = Annotated[Path, PlainValidator(_file), WithJsonSchema(_PATH)]
FilePlace = Annotated[Path, PlainValidator(_place), WithJsonSchema(_PATH)]
AuthoritiesFile = Annotated[Path, PlainValidator(_authorities), WithJsonSchema(_PATH)]
Jwks = Annotated[Path | str, PlainValidator(_jwks), WithJsonSchema(_PATH)]
"""A file, or the URL (a text) where an issuer publishes its keys."""
Secret = Annotated[
    SecretStr,
    PlainValidator(_reference),
    PlainSerializer(str),  # asterisks
    WithJsonSchema(_REFERENCE),
]
HeaderKey = Annotated[
    SecretStr,
    PlainValidator(_key),
    PlainSerializer(str),  # asterisks
    WithJsonSchema(_REFERENCE),
]
StoreUrl = Annotated[
    SecretStr,
    PlainValidator(_store),
    PlainSerializer(str),  # asterisks
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _STORE}, _REFERENCE]}),
]


def _part_or_count(value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9:
        return value
    if isinstance(value, str) and re.fullmatch(_PART, value):
        return float(value.removesuffix("%")) / 100
    raise PydanticCustomError("part", "neither a number nor a percentage; expected one like 100 or 1%")


PartOrCount = Annotated[
    int | float,
    BeforeValidator(_part_or_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _PART}]}),
]
"""So many, or such a part: a whole number, or a float from 0 to 1 that was written as a percentage."""

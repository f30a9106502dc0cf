"""The fields that a client could forge, which are dropped from every request, in any spelling. ``forgeable.toml`` is their table.

With these fields a front proxy, a login before it, a framework or this gate tells the webmail the person, their
certificate, the client's address, and the address or method of the request. Clients have no reason to send them.
``deploy/make_unforged.py`` writes the configurations of the other proxies from this table.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

_TABLE = tomllib.loads(files(__package__).joinpath("forgeable.toml").read_text("utf-8"))

OWN: tuple[str, ...] = tuple(_TABLE["own"])
"""The gate's own families. Clients believe these fields, so they are removed from the webmail's answers too."""
FAMILIES: Mapping[str, str] = _TABLE["families"] | _TABLE["own"]
"""Families of names by their beginning, each with the ends of its known names.

A proxy that cannot remove names by their beginning removes each known name. If another name of a family comes with a
question, the gate refuses the request (``gateway/authz/verdict_key.py``).
"""
NAMES: frozenset[str] = frozenset(name for names in _TABLE["names"].values() for name in names.split())
"""Names of no family."""


def _members(family: str, known: str) -> list[str]:
    """The known names of a family. A family that does not end in a hyphen is a name itself."""
    return [*([] if family.endswith("-") else [family]), *(family + each for each in known.split())]


KNOWN = NAMES | {name for family, known in FAMILIES.items() for name in _members(family, known)}
"""Every known name, for proxies that cannot match beginnings."""

# RFC 9110, section 7.6.1; `proxy/heads.py` decides about `trailer`, and writes `te` anew
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te transfer-encoding upgrade"
    b" http2-settings".split()
)
# A CGI-like webmail reads the underscore twin of one of these as the real one (RFC 3875, section 4.1.18)
FRAMING = HOP_BY_HOP | {b"content-length"}

_NAMES = frozenset(name.encode() for name in NAMES)
_FAMILIES = tuple(family.encode() for family in FAMILIES)
_OWN = tuple(family.encode() for family in OWN)

MAX_NAME = 128
"""The longest field name that is remembered, in bytes. Clients make names up, and long ones would fill the memory."""


def canonical(name: bytes) -> bytes:
    """The one spelling of a field name. An application that reads CGI variables cannot tell ``_`` from ``-``."""
    return name.lower().replace(b"_", b"-")


def forgeable(name: bytes) -> bool:
    """Whether a client could use this field to pretend to be something."""
    return _known_forgeable(name) if len(name) <= MAX_NAME else _forgeable(name)


def _forgeable(name: bytes) -> bool:
    plain = canonical(name)
    return plain in _NAMES or plain.startswith(_FAMILIES) or (b"_" in name and plain in FRAMING)


_known_forgeable = lru_cache(4096)(_forgeable)


def speaks_for_the_gate(name: bytes) -> bool:
    """Whether a client would believe that the gate itself sent this field of an answer."""
    return canonical(name).startswith(_OWN)

"""Digests of settings: they show that a setting was changed without showing its value."""

import json
from datetime import date, timedelta
from enum import Enum
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from mailgate.config.addresses import Address, SocketFile
from mailgate.config.settings import Settings

_SAID = (Path, date, timedelta, Enum, IPv4Network, IPv6Network, Address, SocketFile)


def digests_of(settings: Settings) -> dict[str, str]:
    """The first half of the SHA-256 of each setting that differs from its default. Of a secret only its presence is
    hashed."""
    usual = {
        name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()
    }
    return {
        name: _digest(value)
        for name, value in settings.model_dump(mode="python").items()
        if getattr(settings, name) != usual[name]
    }


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value) if isinstance(value, _SAID) else type(value).__name__

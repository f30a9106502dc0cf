"""NanoMDM's API: commands for Apple devices. What a device answers comes back as an event of the webhook."""

import hmac
import plistlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID, uuid4

from mailgate.connectors.errors import SourceError, Trouble
from mailgate.connectors.fields import text, value
from mailgate.connectors.http import Client
from mailgate.policy import AppCatalog

_QUERIES = [
    "UDID", "SerialNumber", "OSVersion", "Model", "ModelName", "ProductName", "EASDeviceIdentifier", "IsSupervised",
]  # fmt: skip
_NONE_TAKEN = 500
"""The status with which NanoMDM says that it took a command for no device."""
_AT_ONCE = 50
"""Devices that one command goes to."""


def listed_identifiers(catalog: AppCatalog) -> list[str] | None:
    """Identifiers of every listed app, so that a device need not tell others. None if some listed app has only a
    name, since such an app can only be found among all."""
    if not all(app.ios for app in catalog.apps.values()):
        return None
    return sorted({identifier for app in catalog.apps.values() for identifier in app.ios})


class OwnCommands:
    """Names of our commands, by which their answers are known again, whichever gate gets them.

    Half of a name is chance, half is made of it with the API key and of what was asked for: after the list of apps has
    changed, answers to what was asked before are those of a stranger.
    """

    def __init__(self, key: str, identifiers: Sequence[str] | None) -> None:
        self._key = key.encode()
        self._asked = "\n".join(["*"] if identifiers is None else identifiers).encode()

    def name(self, chance: Callable[[], UUID] = uuid4) -> str:
        half = chance().bytes[:8]
        return str(UUID(bytes=half + self._seal(half))).upper()

    def made(self, name: str) -> bool:
        """Whether a command of this name asked for the apps that are asked for now."""
        try:
            said = UUID(name).bytes
        except ValueError:
            return False
        return hmac.compare_digest(said[8:], self._seal(said[:8]))

    def _seal(self, half: bytes) -> bytes:
        return hmac.digest(self._key, half + self._asked, sha256)[:8]


async def ask_devices(
    client: Client, devices: Iterable[str], commands: OwnCommands, identifiers: Sequence[str] | None
) -> None:
    """Have these devices report what they are and which apps they have. Raises ``SourceError``.

    NanoMDM takes a command for all of its devices or for none, and it may know some of them no longer: where it takes
    none, each half is tried. Only where it takes a command for no device at all is that an error.
    """
    apps = {
        "RequestType": "InstalledApplicationList",
        "ManagedAppsOnly": False,
        "Items": ["Identifier", "Name"],
    }
    if identifiers is not None:
        apps["Identifiers"] = list(identifiers)
    ids, refused = list(devices), 0
    asked: list[tuple[Mapping[str, object], str]] = [
        ({"RequestType": "DeviceInformation", "Queries": _QUERIES}, "?nopush=1"),
        (apps, ""),
    ]
    parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
    while parts:
        part = parts.pop(0)
        try:
            for command, how in asked:
                await _enqueue(client, part, commands.name(), command, how)
        except SourceError as error:
            if error.status != _NONE_TAKEN:
                raise
            half = len(part) // 2
            parts[:0] = [part[:half], part[half:]] if half else []
            refused += not half
    if refused and refused == len(ids):
        raise SourceError(Trouble.STATUS, "NanoMDM took no command")


async def _enqueue(
    client: Client, ids: Sequence[str], name: str, command: Mapping[str, object], how: str
) -> None:
    target = "/v1/enqueue/" + ",".join(quote(each, safe="") for each in ids) + how
    body = plistlib.dumps({"CommandUUID": name, "Command": command})
    said = await client.put(target, body, {"Content-Type": "application/xml"})
    if text(said, "command_error") or all(text(said, "status", each, "command_error") for each in ids):
        raise SourceError(Trouble.STATUS, "NanoMDM took no command", _NONE_TAKEN)
    if not isinstance(value(said, "command_uuid"), str):
        raise SourceError(Trouble.SHAPE, "an answer has no `command_uuid`")

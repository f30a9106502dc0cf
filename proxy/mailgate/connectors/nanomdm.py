"""NanoMDM's API: commands for Apple devices. What a device answers comes back as an event of the webhook."""

import hmac
import plistlib
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID, uuid4

from mailgate.connectors.fields import text, value
from mailgate.connectors.http import Client
from mailgate.connectors.trouble import SourceError, Trouble
from mailgate.policy import AppCatalog

_QUERIES = [
    "UDID", "SerialNumber", "OSVersion", "Model", "ModelName", "ProductName", "EASDeviceIdentifier", "IsSupervised",
]  # fmt: skip
_AT_ONCE = 50
"""Devices that one command goes to."""


def listed_identifiers(catalog: AppCatalog) -> list[str] | None:
    """Identifiers of every listed app, so that a device need not tell of others.

    None where some listed app is known by its name alone: that can only be found among all.
    """
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
        """Whether a command of this name asked for what is asked for now."""
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
    """Have these devices report what they are and which apps they have. Raises ``SourceError``."""
    apps = {
        "RequestType": "InstalledApplicationList",
        "ManagedAppsOnly": False,
        "Items": ["Identifier", "Name"],
    }
    if identifiers is not None:
        apps["Identifiers"] = list(identifiers)
    ids = list(devices)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        await _enqueue(
            client, some, commands.name(), {"RequestType": "DeviceInformation", "Queries": _QUERIES}, False
        )
        await _enqueue(client, some, commands.name(), apps, True)


async def _enqueue(
    client: Client, ids: Sequence[str], name: str, command: dict[str, object], push: bool
) -> None:
    body = plistlib.dumps({"CommandUUID": name, "Command": command})
    target = "/v1/enqueue/" + ",".join(quote(each, safe="") for each in ids) + ("" if push else "?nopush=1")
    said = await client.put(target, body, {"Content-Type": "application/xml"})
    refused = [each for each in ids if text(said, "status", each, "command_error")]
    if text(said, "command_error") or (refused and len(refused) == len(ids)):
        raise SourceError(Trouble.STATUS, "NanoMDM did not take a command")
    if not isinstance(value(said, "command_uuid"), str):
        raise SourceError(Trouble.SHAPE, "an answer has no `command_uuid`")

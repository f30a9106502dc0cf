"""NanoMDM's API: commands for Apple devices. The answers of devices come back as events of the webhook."""

import hmac
import plistlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID, uuid4

from mailgate.connectors.http import ApiClient
from mailgate.connectors.inventory import text, value
from mailgate.errors import SourceError, Trouble
from mailgate.policy import AppCatalog

_QUERIES = [
    "UDID", "SerialNumber", "OSVersion", "Model", "ModelName", "ProductName", "EASDeviceIdentifier", "IsSupervised",
]  # fmt: skip
_NONE_TAKEN = 500
"""The status with which NanoMDM says that it accepted a command for no device."""
_AT_ONCE = 50
"""How many devices one command is sent to."""


def listed_identifiers(catalog: AppCatalog) -> list[str] | None:
    """The identifiers of every listed app, so that a device need not report others; None if some listed app has only a
    name, since such an app can only be found among all apps."""
    if not all(app.ios for app in catalog.apps.values()):
        return None
    return sorted({identifier for app in catalog.apps.values() for identifier in app.ios})


class OwnCommands:
    """The names of the gate's commands, by which any gate recognises their answers.

    Half of a name is random. The other half is computed from it with the API key and the requested apps, so after the
    list of apps has changed, answers to earlier requests are treated like answers to the requests of others.
    """

    def __init__(self, key: str, identifiers: Sequence[str] | None) -> None:
        self._key = key.encode()
        self._asked = "\n".join(["*"] if identifiers is None else identifiers).encode()

    def name(self, chance: Callable[[], UUID] = uuid4) -> str:
        half = chance().bytes[:8]
        return str(UUID(bytes=half + self._seal(half))).upper()

    def made(self, name: str) -> bool:
        """Whether a command of this name requested the apps that are requested now."""
        try:
            said = UUID(name).bytes
        except ValueError:
            return False
        return hmac.compare_digest(said[8:], self._seal(said[:8]))

    def _seal(self, half: bytes) -> bytes:
        return hmac.digest(self._key, half + self._asked, sha256)[:8]


async def ask_devices(
    client: ApiClient, devices: Iterable[str], commands: OwnCommands, identifiers: Sequence[str] | None
) -> None:
    """Ask these devices to report their description and apps. Raises ``SourceError``.

    NanoMDM accepts a command for all of its devices or for none, and it may no longer know some of them: if it accepts
    none, each half is tried. It is an error only if it accepts a command for no device at all.
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
        raise SourceError(Trouble.STATUS, "NanoMDM accepted no command")


async def _enqueue(
    client: ApiClient, ids: Sequence[str], name: str, command: Mapping[str, object], how: str
) -> None:
    target = "/v1/enqueue/" + ",".join(quote(each, safe="") for each in ids) + how
    body = plistlib.dumps({"CommandUUID": name, "Command": command})
    said = await client.put(target, body, {"Content-Type": "application/xml"})
    if text(said, "command_error") or all(text(said, "status", each, "command_error") for each in ids):
        raise SourceError(Trouble.STATUS, "NanoMDM accepted no command", _NONE_TAKEN)
    if not isinstance(value(said, "command_uuid"), str):
        raise SourceError(Trouble.SHAPE, "an answer has no `command_uuid`")

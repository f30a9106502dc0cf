"""Apple devices through NanoMDM or MicroMDM. NanoMDM's API takes commands for them, and their answers come as events of a webhook. The property lists in them are
XML, without its other features.

A device sends its description and its apps in two answers, in any order and to any gate. Each answer is stored by
itself. The schema is ``service/webhook/event.json`` of NanoMDM; the answers are Apple's ``DeviceInformation`` and
``InstalledApplicationList``. What keeps apps out comes in status reports of declarative management and in answers to
``Restrictions`` (``apple_restrictions.py``).
"""

import asyncio
import hmac
import plistlib
from base64 import b64decode
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID, uuid4
from xml.parsers.expat import ExpatError

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.connectors.apple_restrictions import declared, enrolment_in, restricted
from mailgate.connectors.http import ApiClient, as_json
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text, value
from mailgate.connectors.logins import Login
from mailgate.connectors.setup import Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Enrolment
from mailgate.model.apps import AppCatalog
from mailgate.model.device import NotDenied

_QUERIES = [
    "UDID", "SerialNumber", "OSVersion", "Model", "ModelName", "ProductName", "EASDeviceIdentifier", "IsSupervised",
]  # fmt: skip
_NONE_TAKEN = 500
"""The status with which NanoMDM says that it accepted a command for no device."""
_AT_ONCE = 50
"""How many devices one command is sent to."""


def listed_identifiers(catalog: AppCatalog, *, ask_for_all: bool = False) -> list[str] | None:
    """The identifiers that a device is asked for, so that it need not report other apps; None if it is asked for all of
    them, since some listed app has only a name, by which it can only be found among all."""
    if ask_for_all and not all(app.ios for app in catalog.apps.values()):
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
    client: ApiClient,
    devices: Iterable[str],
    commands: OwnCommands,
    identifiers: Sequence[str] | None,
    *,
    restrictions: bool = False,
) -> None:
    """Ask these devices to report their description and apps, and the restrictions in effect. Raises ``SourceError``.

    NanoMDM accepts a command for all of its devices or for none, and it may no longer know some of them: if it accepts
    none, each half is tried. It is an error only if it accepts a command for no device at all.
    """
    apps: dict[str, object] = {
        "RequestType": "InstalledApplicationList",
        "ManagedAppsOnly": False,
        "Items": ["Identifier", "Name"],
    }
    if identifiers is not None:
        apps["Identifiers"] = list(identifiers)
    ids, refused = list(devices), 0
    asked: list[tuple[Mapping[str, object], str]] = [
        ({"RequestType": "DeviceInformation", "Queries": _QUERIES}, "?nopush=1")
    ]
    if restrictions:
        asked.append(({"RequestType": "Restrictions", "ProfileRestrictions": True}, "?nopush=1"))
    if identifiers != []:  # an empty list might be taken for none, and all apps be sent
        asked.append((apps, "?nopush=1"))
    asked[-1] = (asked[-1][0], "")
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


MAX_DEPTH = 32


def plist(raw: bytes) -> dict[str, Any]:
    """The dictionary of a property list. Raises ``SourceError``.

    ``plistlib`` accepts no declaration of an entity, so nothing in a list can grow or lead elsewhere.
    """
    if _depth(raw) > MAX_DEPTH:
        raise SourceError(Trouble.SHAPE, "a property list is nested too deep")
    try:
        found = plistlib.loads(raw, fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError):
        raise SourceError(Trouble.SHAPE, "not an XML property list") from None
    if not isinstance(found, dict):
        raise SourceError(Trouble.SHAPE, "a property list is no dictionary")
    return found


def _depth(raw: bytes) -> int:
    """An upper bound for the depth of nested containers. Text in between can only increase it."""
    depth = deepest = 0
    for part in raw.split(b"<")[1:]:
        if part.startswith((b"dict", b"array")) and not part.partition(b">")[0].endswith(b"/"):
            depth += 1
            deepest = max(deepest, depth)
        elif part.startswith((b"/dict", b"/array")):
            depth -= 1
    return deepest


_PERSONS = frozenset({"User", "User Enrollment", "Shared iPad"})
"""The channels of a person on a device. Their events are not about the device."""
_USER = "User Enrollment (Device)"
_WHOLE = "Device"
"""NanoMDM's word for an enrolment of the whole device. Any other, and one that NanoMDM may add, is of a part of it."""


@connects(AppleMdmSettings)
class AppleMdm:
    """The devices of one NanoMDM or MicroMDM."""

    tells_changes: ClassVar[bool] = False
    lists_all: ClassVar[bool] = False

    def __init__(self, setup: Setup, settings: AppleMdmSettings) -> None:
        self._setup = setup
        self._settings = settings
        self._identifiers = listed_identifiers(setup.catalog, ask_for_all=settings.ask_for_all)
        self._asked = frozenset(key for key, app in setup.catalog.apps.items() if app.ios)
        self._forbidden = setup.forbidden_on_ios()
        self._client, self._commands = None, None
        if settings.nanomdm is not None:
            key = settings.nanomdm.api_key.get_secret_value()
            self._commands = OwnCommands(key, self._identifiers)
            self._client = setup.client(settings, settings.nanomdm.base_url, Login.basic("nanomdm", key))

    async def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
        """Yield nothing: every known device is asked, and answers later."""
        if self._client is not None:
            async for ids in self._setup.known_devices(self._setup.name):
                await self._ask(ids)
        for record in list[Report]():
            yield record

    async def wake(self, device_id: str) -> None:
        await self._ask([device_id])

    async def receive(self, _headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        event = as_json(body)
        topic = text(event, "topic")
        if topic == "mdm.Connect":
            return await self._answered(event)
        said = value(event, "checkin_event")
        device_id, part = _enrolled(said)
        if not device_id:
            return []
        if topic == "mdm.CheckOut":
            return [report_by(self._setup.name, device_id, gone=True)]
        if topic == "mdm.Authenticate":
            return [self._enrolled_anew(device_id, await _payload(said), part, instant(event, "created_at"))]
        if topic == "mdm.DeclarativeManagement":
            return self._status(device_id, await _payload(said), instant(event, "created_at"))
        if topic == "mdm.TokenUpdate" and value(said, "token_update_tally") in (None, 1):
            with suppress(SourceError):  # the schedule asks it then, if there is an API
                await self._ask([device_id])
        return []

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _ask(self, ids: Sequence[str]) -> None:
        if self._client is None or self._commands is None:
            raise SourceError(Trouble.FAULT, "no API is configured")
        restrictions = self._settings.restrictions
        await ask_devices(self._client, ids, self._commands, self._identifiers, restrictions=restrictions)

    async def _answered(self, event: Any) -> Sequence[Report]:
        said = value(event, "acknowledge_event")
        device_id, part = _enrolled(said)
        if not device_id or text(said, "status") != "Acknowledged":
            return []
        payload = await _payload(said)
        if isinstance(value(payload, "QueryResponses"), dict):
            return [self._described(device_id, payload["QueryResponses"], part=part)]
        at = instant(event, "created_at")
        if isinstance(value(payload, "GlobalRestrictions"), dict):
            if not self._settings.restrictions or part is not None or at is None:
                return []
            denial = restricted(payload, self._forbidden, min(at, self._setup.now()))
            return [report_by(self._setup.name, device_id, denial=denial, adds=True)]
        if (apps := listed(payload, "InstalledApplicationList")) is None:
            return []
        name = text(said, "command_uuid") or text(payload, "CommandUUID")
        report = self._apps(apps, name, personal=part is not None, at=at)
        if report is None:
            return []
        enrolment = _enrolment(payload, part)
        return [
            report_by(self._setup.name, device_id, managed=True, apps=report, enrolment=enrolment, adds=True)
        ]

    def _enrolled_anew(
        self, device_id: str, said: Mapping[str, Any], part: Enrolment | None, at: datetime | None
    ) -> Report:
        """A device that enrols, perhaps again and in another way, so that what it had applied before no longer counts."""
        record = self._described(device_id, said, part=part)
        if at is None or not (self._settings.declarations or self._settings.restrictions):
            return record
        return replace(record, denied_at=at, not_denied=NotDenied.DECLARATION_NOT_REPORTED)

    def _status(self, device_id: str, said: Mapping[str, Any], at: datetime | None) -> Sequence[Report]:
        """What a status report of declarative management tells. All but declarations and the enrolment is dropped here."""
        raw, known = said.get("Data"), self._settings.declarations
        if at is None or text(said, "Endpoint") != "status" or not isinstance(raw, bytes):
            return []
        report = as_json(raw)
        denial = declared(report, known, self._forbidden, at) if known else None
        enrolment = enrolment_in(report)
        if denial is None and enrolment is Enrolment.UNKNOWN:
            return []
        name = self._setup.name
        return [report_by(name, device_id, managed=True, denial=denial, enrolment=enrolment, adds=True)]

    def _described(self, device_id: str, said: Mapping[str, Any], *, part: Enrolment | None) -> Report:
        """What a device says about itself, when it enrols or is asked."""
        model = text(said, "ProductName") or text(said, "ModelName") or text(said, "Model")
        os = "macos" if "mac" in model.casefold() else system_of(model)
        return report_by(
            source=self._setup.name,
            device_id=device_id,
            kind=kind_of(os, model),
            os=os,
            os_version=text(said, "OSVersion"),
            managed=True,
            serial=text(said, "SerialNumber"),
            udid=text(said, "UDID"),
            eas_ids=[text(said, "EASDeviceIdentifier")],
            enrolment=_enrolment(said, part),
            adds=True,
        )

    def _apps(
        self, apps: Sequence[Any], command: str, *, personal: bool, at: datetime | None
    ) -> AppsReport | None:
        """The apps of an answer; None if the list shows nothing.

        An answer does not say what was requested: only listed apps, only managed ones, or all. The gate recognises its
        own requests by their names. A list that others requested can show an app, but it cannot clear a device if the
        gate asks too.
        """
        ours = self._commands is not None and self._commands.made(command)
        present = self._setup.listed("ios", [Installed(text(a, "Identifier"), text(a, "Name")) for a in apps])
        if not apps and not (ours and self._identifiers is not None):
            return None
        if not present and not ours and not self._settings.whole_lists and self._client is not None:
            return None
        complete = (ours or self._settings.whole_lists) and not personal
        report = self._setup.report(present, complete=complete, at=at)
        if report is None or not ours or self._identifiers is None:
            return report
        return replace(report, asked=self._asked)  # whatever the list is, no more was asked for


def _enrolled(said: Any) -> tuple[str, Enrolment | None]:
    """The id of the device, and how it is enrolled if its owner's own apps are out of sight, as under User Enrollment; None
    if the whole device is enrolled. The id is empty if the event is not about a device."""
    kind = text(said, "ids", "type")
    if kind in _PERSONS:
        return "", None
    udid, enrollment = text(said, "udid"), text(said, "enrollment_id")
    whole = kind == _WHOLE if kind else bool(udid)  # a user enrolment has no UDID, and MicroMDM no words
    part = Enrolment.USER_ENROLMENT if kind in ("", _USER) else Enrolment.UNKNOWN
    return text(said, "ids", "id") or udid or enrollment, None if whole else part


def _enrolment(said: Mapping[str, Any], part: Enrolment | None) -> Enrolment:
    """How the device is enrolled: in ``part``, or as a whole, and then supervised or not, if it says so."""
    supervised = flag(said, "IsSupervised")
    if part is not None or supervised is None:
        return part or Enrolment.UNKNOWN
    return Enrolment.SUPERVISED if supervised else Enrolment.DEVICE_ENROLMENT


async def _payload(said: Any) -> dict[str, Any]:
    raw = value(said, "raw_payload")
    if not isinstance(raw, str):
        raise SourceError(Trouble.SHAPE, "an event has no `raw_payload`")
    try:
        return await asyncio.to_thread(lambda: plist(b64decode(raw, validate=True)))
    except ValueError:
        raise SourceError(Trouble.SHAPE, "the `raw_payload` of an event is not base64") from None

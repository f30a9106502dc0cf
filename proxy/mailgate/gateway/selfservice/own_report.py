"""Takes what people report of a device under their name: that it is lost, or that it is not theirs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.policy.logins import user_text
from mailgate.store import Act, HelpRequest
from mailgate.store.help_requests import NOT_THEIRS


class Said(StrEnum):
    """What a person reports of a device."""

    LOST = "lost"
    NOT_MINE = "not-mine"


class Devices(Protocol):
    """The store of devices (``store/devices.py``). It may raise StoreUnavailableError."""

    async def lose(self, device_id: str, at: datetime | None, act: Act | None = None) -> bool: ...


class Requests(Protocol):
    """The store of requests for help (``store/help_requests.py``). It may raise StoreUnavailableError."""

    async def note(self, asked: HelpRequest) -> None: ...


@dataclass(frozen=True, slots=True)
class OwnReports:
    """Notes the reports."""

    devices: Devices
    requests: Requests

    async def take(self, said: Said, own: OwnDevice, person: str, reference: str, now: datetime) -> bool:
        """Note a report. Returns False for the device that sends it, and for a device that has never reported itself.

        A lost device gets no mail until an admin opens it again, so a report can only take mail away. Of a device that is
        somebody else's an admin is told. May raise StoreUnavailableError.
        """
        if own.device is None or own.here or not person:
            return False
        if said is not Said.NOT_MINE:
            act = Act(now, "its owner", "device-lost", about=f"device {own.device.id}", origin="own page")
            return await self.devices.lose(own.device.id, now, act)
        name = user_text(person)
        await self.requests.note(
            HelpRequest(
                rule=NOT_THEIRS,
                subject=f"{name} {own.device.id}",
                person=name,
                device=own.device.id,
                reason=NOT_THEIRS,
                reference=reference,
                policy=own.decision.policy_version,
                known=True,
                times=1,
                first_at=now,
                last_at=now,
            )
        )
        return True

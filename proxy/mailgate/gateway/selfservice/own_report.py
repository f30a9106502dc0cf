"""What people say of a device that stands under their name: that it is lost, or that it is not theirs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.policy.logins import user_text
from mailgate.store import Act, HelpRequest
from mailgate.store.help_requests import NOT_THEIRS


class Said(StrEnum):
    """Of a device."""

    LOST = "lost"
    NOT_MINE = "not-mine"


class Devices(Protocol):
    """Where devices are kept (``store/devices.py``). May raise StoreUnavailableError."""

    async def lose(self, device_id: str, at: datetime | None, act: Act | None = None) -> bool: ...


class Requests(Protocol):
    """Where requests for help are kept (``store/help_requests.py``). May raise StoreUnavailableError."""

    async def note(self, asked: HelpRequest) -> None: ...


@dataclass(frozen=True, slots=True)
class OwnReports:
    """Notes what people say."""

    devices: Devices
    requests: Requests

    async def take(self, said: Said, own: OwnDevice, person: str, reference: str, now: datetime) -> bool:
        """Whether it was noted: not of the very device that asks, nor of one that never reported.

        A lost device gets nothing from then on, until an admin opens it again: that takes mail away and gives none. That one is
        somebody else's is for people to look at. May raise StoreUnavailableError.
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

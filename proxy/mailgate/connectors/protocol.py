"""The protocol of a connector, which reports the devices of one source, and the tools of its run."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from mailgate.devices.device import Report as Report  # what every connector yields, and its store takes


@dataclass(slots=True)
class SourceTally:
    """The progress of one run, for metrics and the progress bar."""

    pages: int = 0
    """The number of answers with devices or apps."""
    throttled: int = 0
    """How often it was asked to wait."""
    unreadable: int = 0
    """The number of devices whose name could not be read. While there are any, no device is treated as gone."""
    total: int | None = None
    """The number of all devices, if the API has it."""
    retrying: str = ""
    """The trouble for which a request is sent again; empty once the source has answered."""
    retry_at: datetime | None = None
    """When that request is sent again."""


@dataclass(frozen=True, slots=True)
class SourceTools:
    """The clock, a way to wait, random numbers and the tally of one run."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    """Returns a random number from 0 to 1."""
    tally: SourceTally = field(default_factory=SourceTally)
    stores: bool = False
    """Whether what is read may be stored."""


class Connector(Protocol):
    """One source, made for one run and closed after it. Its reports have listed apps only.

    ``devices`` may raise ``SourceError`` at any point; the earlier reports count, and no device is treated as gone.
    """

    @property
    def tells_changes(self) -> bool:
        """Whether ``devices`` uses ``since``. If not, every run reads everything."""
        ...

    @property
    def lists_all(self) -> bool:
        """Whether a complete run without ``since`` lists every device, so that a device that is not listed is gone."""
        ...

    def devices(self, since: datetime | None) -> AsyncGenerator[Report, None]:
        """Every device, or at least those that changed at or after ``since``."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


@runtime_checkable
class ReadsOneDevice(Protocol):
    """A connector that can ask about one device at once."""

    async def device(self, device_id: str) -> Report | None:
        """The device with this id at the source; None only if the source says that it has no such device.

        Raises ``SourceError``: with ``Trouble.NAME`` for a name that this source never uses, with ``Trouble.SHAPE`` for
        an answer that is no device.
        """
        ...


@runtime_checkable
class WakesDevices(Protocol):
    """A connector that can ask one device to report now. The report comes by itself, a moment later."""

    async def wake(self, device_id: str) -> None:
        """Ask the device with this id at the source for its apps. May raise ``SourceError``."""
        ...


@runtime_checkable
class ReceivesPosts(Protocol):
    """A connector whose source calls by itself, with posts to ``/api/devices/NAME`` on the admin port."""

    async def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        """The devices in one call; empty if it is about something else.

        The caller has already proved the API key. The names of ``headers`` are in lower case. Raises ``SourceError``
        with ``Trouble.SHAPE`` if the body does not have the form that the source sends.
        """
        ...

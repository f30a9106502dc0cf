"""The protocol of a connector, which says what one source knows about its devices."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from mailgate.devices.device import Report


class Connector(Protocol):
    """One source, made for one run and closed after it. Only listed apps are in what it says.

    ``devices`` may raise ``SourceError`` at any point; what came before counts, and no device is taken for gone.
    """

    scheduled: ClassVar[bool]
    """Whether it is asked by a schedule; not if the source calls by itself."""

    @property
    def tells_changes(self) -> bool:
        """Whether ``devices`` heeds ``since``. If not, every run reads everything."""
        ...

    @property
    def lists_all(self) -> bool:
        """Whether a complete run without ``since`` names every device, so that a device that is not named is gone."""
        ...

    def devices(self, since: datetime | None) -> AsyncIterator[Report]:
        """Every device, or at least those that changed at or after ``since``."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class AsksForOne(Protocol):
    """A connector that can ask about one device at once."""

    async def device(self, device_id: str) -> Report | None:
        """The device that the source calls ``device_id``; None only if the source says that it has none of that name.

        Raises ``SourceError``: with ``Trouble.NAME`` for a name that this source never gives, with ``Trouble.SHAPE`` for an
        answer that is no device.
        """
        ...


@runtime_checkable
class Wakes(Protocol):
    """A connector that can ask one device to report at once. The report comes by itself, a moment later."""

    async def wake(self, device_id: str) -> None:
        """Ask the device that the source calls ``device_id`` for what is on it. May raise ``SourceError``."""
        ...


@runtime_checkable
class Told(Protocol):
    """A connector whose source calls by itself: what is posted to ``/api/devices/NAME`` on the admin port."""

    async def told(self, headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        """The devices that one call speaks of, none where it is about something else.

        The caller has proved the API key already. ``headers`` have small letters. Raises ``SourceError`` with
        ``Trouble.SHAPE`` if the body does not have the form that the source sends.
        """
        ...

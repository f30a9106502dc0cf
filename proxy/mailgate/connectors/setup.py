"""The setup of every connector: its name, the listed apps, and its connection to the API; and what connectors to APIs have in common."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.connectors.http import ApiClient, Page, bounded_gather
from mailgate.connectors.inventory import Installed, listed_apps
from mailgate.connectors.logins import Login
from mailgate.connectors.protocol import Connector, SourceTools
from mailgate.devices.device import Report
from mailgate.model import AppsReport
from mailgate.model.apps import AppCatalog
from mailgate.wire import HttpsWire, Wire


def https_wire(settings: ApiSourceSettings) -> Wire:
    """The wire over HTTPS, with the limits of the settings."""
    return HttpsWire(settings.timeout.total_seconds(), settings.page_bytes, settings.ca, settings.proxy)


async def nobody(_source: str) -> AsyncIterator[list[str]]:
    """No devices, in place of a store."""
    for page in list[list[str]]():
        yield page


PolicyTexts = Mapping[str, Mapping[int, str]]
"""What decides in the versions of a management's policies, by name and number, as JSON."""


class PolicyStore:
    """Versions of policies, since a management has the content of the current one alone. This one keeps nothing."""

    async def versions(self, _source: str, _policy: str) -> Mapping[int, str]:
        """The stored versions of a policy, by number."""
        return {}

    async def keep_versions(self, _source: str, _policies: PolicyTexts, *, only: bool) -> None:
        """Store these versions. With ``only`` all others of the source are forgotten."""


@dataclass(frozen=True, slots=True)
class Setup:
    name: str
    """The connector's name in the settings: the ``source`` of its records."""
    catalog: AppCatalog
    tools: SourceTools
    wire: Callable[[ApiSourceSettings], Wire] = https_wire
    known_devices: Callable[[str], AsyncIterator[list[str]]] = nobody
    """The ids of a source's devices in the store, in pages."""
    policies: PolicyStore = field(default_factory=PolicyStore)
    lag: timedelta = timedelta()
    """How much older than a device's last word its app list may be: ``inventory_lag`` of the settings."""

    @property
    def now(self) -> Callable[[], datetime]:
        return self.tools.now

    def client(self, settings: ApiSourceSettings, base: str, login: Login) -> ApiClient:
        """A client of the API at the origin ``base``."""
        return ApiClient(base, login, self.wire(settings), self.tools, settings.run_bytes)

    def listed(self, os: str, installed: Iterable[Installed]) -> frozenset[str]:
        """Keys of the listed apps among those that are installed. Everything else is dropped here."""
        return listed_apps(self.catalog, os, installed)

    def report(
        self,
        present: frozenset[str],
        *,
        complete: bool,
        at: datetime | None,
        asked: frozenset[str] | None = None,
    ) -> AppsReport | None:
        """The result of ``listed`` as a report; None if its age is unknown. ``complete`` says whether the inventory has every app, and
        not only those that the MDM manages."""
        if at is None:
            return None
        return AppsReport(present, complete, at, min(self.lag, at - datetime.min.replace(tzinfo=UTC)), asked)

    def unreadable(self, count: int = 1) -> None:
        """Count devices without a name that can be read."""
        self.tools.tally.unreadable += count

    def forbidden_on_ios(self) -> dict[str, tuple[str, ...]]:
        """The bundle identifiers of each app that is on a list."""
        return {key: self.catalog.apps[key].ios for key in self.catalog.listed}


CONNECTORS: dict[type[EverySource], Callable[[Setup, Any], Connector]] = {}
"""What makes the connector of settings of each kind."""
_Made = TypeVar("_Made", bound=Callable[[Setup, Any], Connector])


def connects(settings: type[EverySource]) -> Callable[[_Made], _Made]:
    """Name the settings from which a connector is made."""

    def named(make: _Made) -> _Made:
        CONNECTORS[settings] = make
        return make

    return named


class ApiConnector:
    """What all connectors have in common that read every device from an API. They set ``_setup`` and ``_client``."""

    tells_changes: ClassVar[bool] = False
    lists_all: ClassVar[bool] = True
    _setup: Setup
    _client: ApiClient

    async def shortcomings(self) -> Sequence[str]:
        """What keeps the source's verdicts from meaning what they should, in words. May raise ``SourceError``."""
        return ()

    async def close(self) -> None:
        await self._client.close()

    async def _reports(
        self, pages: AsyncIterator[Page], read: Callable[[Mapping[str, Any]], Report | None]
    ) -> AsyncGenerator[Report, None]:
        """What ``read`` makes of every device in these pages. Those of which it makes nothing are counted."""
        async for page in pages:
            for found in page:
                if (record := read(found)) is not None:
                    yield record
                else:
                    self._setup.unreadable()

    async def _asked(
        self,
        pages: AsyncIterator[Page],
        name: Callable[[Mapping[str, Any]], str],
        ask: Callable[[Mapping[str, Any]], Awaitable[Report]],
        at_once: int,
    ) -> AsyncGenerator[Report, None]:
        """The same for devices about which there is more to be asked. Those without this name are counted."""
        async for page in pages:
            named = [found for found in page if name(found)]
            self._setup.unreadable(len(page) - len(named))
            for record in await bounded_gather(ask, named, at_once):
                yield record

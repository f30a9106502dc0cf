"""Connectors to device inventories, one file per source, all of them in the list below.

A connector reads one source and yields a report on each device, with listed apps only. Nothing in this package stores
anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.config.sources.apis import (
    AppleMdmSettings,
    FleetSettings,
    IntuneSettings,
    JamfSettings,
    WorkspaceOneSettings,
)
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.google import AndroidManagementSettings, GoogleDirectorySettings
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors.android_management import AndroidManagement
from mailgate.connectors.apple_mdm import AppleMdm
from mailgate.connectors.file import LinesFile, PostedLines
from mailgate.connectors.fleet import Fleet
from mailgate.connectors.google_directory import GoogleDirectory
from mailgate.connectors.intune import Intune
from mailgate.connectors.jamf import Jamf
from mailgate.connectors.protocol import (
    Connector,
    KnowsShortcomings,
    ReadsOneDevice,
    ReceivesPosts,
    Runtime,
    SourceTally,
    WakesDevices,
)
from mailgate.connectors.setup import Setup
from mailgate.connectors.workspace_one import WorkspaceOne
from mailgate.errors import SourceError, Trouble


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of source: its settings, and the function that makes its connector."""

    settings: type[EverySource]
    make: Callable[[Setup, Any], Connector]


SOURCES: Mapping[str, Source] = {
    "android-management": Source(AndroidManagementSettings, AndroidManagement),
    "apple-mdm": Source(AppleMdmSettings, AppleMdm),
    "file": Source(FileSettings, LinesFile.of),
    "fleet": Source(FleetSettings, Fleet),
    "google-directory": Source(GoogleDirectorySettings, GoogleDirectory),
    "intune": Source(IntuneSettings, Intune),
    "jamf": Source(JamfSettings, Jamf),
    "post": Source(PostSettings, PostedLines),
    "workspace-one": Source(WorkspaceOneSettings, WorkspaceOne),
}
"""Every source, by the ``type`` in its settings."""


def connector_for(setup: Setup, settings: EverySource) -> Connector:
    """The connector of these settings, with nothing open yet."""
    source = next(each for each in SOURCES.values() if isinstance(settings, each.settings))
    return source.make(setup, settings)


__all__ = [
    "SOURCES",
    "Connector",
    "KnowsShortcomings",
    "ReadsOneDevice",
    "ReceivesPosts",
    "Runtime",
    "Setup",
    "Source",
    "SourceError",
    "SourceTally",
    "Trouble",
    "WakesDevices",
    "connector_for",
]

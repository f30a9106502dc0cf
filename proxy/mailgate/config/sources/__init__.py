"""The settings of the sources of device inventory, one file per source. ``SourceSettings`` lists them all."""

from typing import Annotated

from pydantic import Discriminator

from mailgate.config.sources.apis import (
    AppleMdmSettings,
    FleetSettings,
    IntuneSettings,
    JamfSettings,
    WorkspaceOneSettings,
)
from mailgate.config.sources.every_source import (
    ApiSourceSettings,
    EverySource,
    PostAccess,
    PostedSourceSettings,
)
from mailgate.config.sources.google import AndroidManagementSettings, GoogleDirectorySettings, PushSettings
from mailgate.config.sources.line import DeviceLine, FileSettings, PostSettings

SourceSettings = Annotated[
    AndroidManagementSettings
    | AppleMdmSettings
    | FileSettings
    | FleetSettings
    | GoogleDirectorySettings
    | IntuneSettings
    | JamfSettings
    | PostSettings
    | WorkspaceOneSettings,
    Discriminator("type"),
]
"""The settings of one connector, selected by ``type``."""

__all__ = [
    "AndroidManagementSettings",
    "ApiSourceSettings",
    "AppleMdmSettings",
    "DeviceLine",
    "EverySource",
    "FileSettings",
    "FleetSettings",
    "GoogleDirectorySettings",
    "IntuneSettings",
    "JamfSettings",
    "PostAccess",
    "PostSettings",
    "PostedSourceSettings",
    "PushSettings",
    "SourceSettings",
    "WorkspaceOneSettings",
]

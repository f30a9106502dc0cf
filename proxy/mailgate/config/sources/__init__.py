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
from mailgate.config.sources.google import AndroidManagementSettings, GoogleDirectorySettings
from mailgate.config.sources.line import FileSettings, PostSettings

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

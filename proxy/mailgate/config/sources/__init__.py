"""The settings of the sources of device inventory, one file per source. ``SourceSettings`` lists them all."""

from typing import Annotated

from pydantic import Discriminator

from mailgate.config.sources.android_management import AndroidManagementSettings
from mailgate.config.sources.apple_mdm import AppleMdmSettings
from mailgate.config.sources.every_source import (
    ApiSourceSettings,
    EverySource,
    PostAccess,
    PostedSourceSettings,
)
from mailgate.config.sources.file import FileSettings, PostSettings
from mailgate.config.sources.fleet import FleetSettings
from mailgate.config.sources.google_directory import GoogleDirectorySettings
from mailgate.config.sources.intune import IntuneSettings
from mailgate.config.sources.jamf import JamfSettings
from mailgate.config.sources.line import DeviceLine
from mailgate.config.sources.push import PushSettings
from mailgate.config.sources.workspace_one import WorkspaceOneSettings

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

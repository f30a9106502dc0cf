"""Settings of the sources of device inventory, one file a source. ``SourceSettings`` lists them all."""

from typing import Annotated

from pydantic import Discriminator

from mailgate.config.sources.common import Asked, Common, Posted
from mailgate.config.sources.file import FileSettings
from mailgate.config.sources.intune import IntuneSettings
from mailgate.config.sources.jamf import JamfSettings
from mailgate.config.sources.line import DeviceLine
from mailgate.config.sources.post import PostSettings

SourceSettings = Annotated[FileSettings | IntuneSettings | JamfSettings | PostSettings, Discriminator("type")]
"""One connector's settings, told apart by ``type``."""

__all__ = [
    "Asked",
    "Common",
    "DeviceLine",
    "FileSettings",
    "IntuneSettings",
    "JamfSettings",
    "PostSettings",
    "Posted",
    "SourceSettings",
]

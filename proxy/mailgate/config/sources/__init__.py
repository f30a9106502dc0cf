"""Settings of the sources of device inventory, one file a source. ``SourceSettings`` lists them all."""

from typing import Annotated

from pydantic import Discriminator

from mailgate.config.sources.common import Asked, Common, Posted
from mailgate.config.sources.intune import IntuneSettings
from mailgate.config.sources.jamf import JamfSettings

SourceSettings = Annotated[IntuneSettings | JamfSettings, Discriminator("type")]
"""One connector's settings, told apart by ``type``."""

__all__ = ["Asked", "Common", "IntuneSettings", "JamfSettings", "Posted", "SourceSettings"]

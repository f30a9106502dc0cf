"""Settings of an inventory that is posted."""

from typing import Literal

from mailgate.config.sources.every_source import Posted


class PostSettings(Posted):
    """JSON lines or CSV, posted to ``/api/devices/NAME`` on the admin port."""

    type: Literal["post"]

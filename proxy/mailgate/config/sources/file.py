"""The settings of an inventory as lines: in a file, or posted."""

from typing import Literal

from mailgate.config.references import FilePath
from mailgate.config.sources.every_source import EverySource, PostedSourceSettings


class FileSettings(EverySource):
    """A file that others write. It is read when it changes, and at the interval ``every``."""

    type: Literal["file"]
    path: FilePath
    """The path of the file, CSV or JSON lines. It may be missing until it is first written."""
    format: Literal["csv", "jsonl"] | None = None
    """The format. By default CSV if the name ends in ``.csv``, otherwise JSON lines."""
    complete: bool = False
    """Whether it lists every device, so that a device that is no longer in it is gone."""

    def is_csv(self) -> bool:
        return self.format == "csv" or (self.format is None and self.path.suffix.casefold() == ".csv")


class PostSettings(PostedSourceSettings):
    """JSON lines or CSV, posted to ``/api/devices/NAME`` on the admin port."""

    type: Literal["post"]

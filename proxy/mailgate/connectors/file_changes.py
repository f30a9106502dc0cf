"""Finds the files of connectors that have changed."""

from collections.abc import Mapping

from mailgate.config.files import Stamp, stamp_of
from mailgate.config.sources import EverySource, FileSettings


class FileChanges:
    """Looks regularly. A file counts as changed once two looks in a row find it the same, since it may still be being
    written."""

    def __init__(self) -> None:
        self._read: dict[str, Stamp | None] = {}
        self._seen: dict[str, Stamp | None] = {}

    def changed(self, settings: Mapping[str, EverySource]) -> set[str]:
        """The connectors whose files changed since the last look that named them. The first look names none."""
        stamps = {
            name: stamp_of(each.path) for name, each in settings.items() if isinstance(each, FileSettings)
        }
        self._read = stamps | self._read
        found = {
            name
            for name, stamp in stamps.items()
            if stamp is not None and stamp != self._read[name] and stamp == self._seen.get(name)
        }
        self._seen = stamps
        self._read.update({name: stamps[name] for name in found})
        return found

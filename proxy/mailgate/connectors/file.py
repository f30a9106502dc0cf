"""Inventories as lines: a file, which is read again when it changes, and posted lines."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar

from mailgate.config.files import Stamp, stamp_of
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors.lines import ReadLine, check_rows, read_rows, report_of_line
from mailgate.connectors.setup import Setup, connects
from mailgate.devices.device import Report
from mailgate.errors import SourceError, Trouble

_CHUNK = 500


class LinesFile:
    """A file of lines. It is checked to its end first, so that a file with a mistake changes nothing."""

    tells_changes: ClassVar[bool] = False

    def __init__(self, setup: Setup, path: Path, *, is_csv: bool, complete: bool) -> None:
        self._setup = setup
        self._path = path
        self._is_csv = is_csv
        self.lists_all = complete

    @classmethod
    def of(cls, setup: Setup, settings: FileSettings) -> "LinesFile":
        """The file of these settings."""
        return cls(setup, settings.path, is_csv=settings.is_csv(), complete=settings.complete)

    async def devices(self, _since: datetime | None) -> AsyncIterator[Report]:
        try:
            file = await asyncio.to_thread(self._path.open, "rb")
        except OSError as error:
            raise SourceError(Trouble.FILE, (error.strerror or "").lower()) from None
        with file:
            rows = read_rows(file, is_csv=self._is_csv)
            self._setup.runtime.tally.total = await asyncio.to_thread(check_rows, rows)
            file.seek(0)
            async for record in self._records(file):
                yield record

    async def _records(self, file: BinaryIO) -> AsyncIterator[Report]:
        rows = read_rows(file, is_csv=self._is_csv)
        while chunk := await asyncio.to_thread(_some, rows):
            for row in chunk:
                if row.device is None:  # the line was right when the file was checked
                    raise SourceError(Trouble.FILE, "the file changed while it was read")
                yield report_of_line(row.device, self._setup)

    async def close(self) -> None:
        """Do nothing, since the file is closed after each reading."""


connects(FileSettings)(LinesFile.of)


@connects(PostSettings)
class PostedLines:
    """Posted lines: all lines of one call count, or none if one of them is wrong."""

    tells_changes: ClassVar[bool] = False
    lists_all: ClassVar[bool] = False

    def __init__(self, setup: Setup, _settings: PostSettings) -> None:
        self._setup = setup

    async def devices(self, _since: datetime | None) -> AsyncIterator[Report]:
        """Yield nothing, since the lines are posted."""
        for record in tuple[Report, ...]():
            yield record

    async def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        is_csv = headers.get("content-type", "").partition(";")[0].strip().casefold() == "text/csv"
        return await asyncio.to_thread(self._read, body, is_csv)

    def _read(self, body: bytes, is_csv: bool) -> Sequence[Report]:
        check_rows(read_rows(BytesIO(body), is_csv=is_csv))
        rows = read_rows(BytesIO(body), is_csv=is_csv)
        return [report_of_line(row.device, self._setup) for row in rows if row.device is not None]

    async def close(self) -> None:
        """Do nothing, since nothing is open."""


def _some(rows: Iterator[ReadLine]) -> list[ReadLine]:
    return list(islice(rows, _CHUNK))


class FileChanges:
    """Looks for changed files. A file counts as changed once two looks in a row find it the same, since it may still be
    being written."""

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

"""Inventories as JSON lines or CSV: a file, or posted lines. If one line is wrong, no line counts."""

import asyncio
import csv
import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from pydantic import ValidationError

from mailgate.config.files import Stamp, stamp_of
from mailgate.config.mistakes import wording
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import DeviceLine, FileSettings, InstalledApp, PostSettings
from mailgate.connectors.inventory import Installed
from mailgate.connectors.setup import Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import LineMistake, LinesRefusedError, SourceError, Trouble
from mailgate.model import ManagementVerdict
from mailgate.model.phrase import did_you_mean

MAX_LINE = 1024 * 1024
MAX_MISTAKES = 100
"""How many mistakes are listed; further ones are only counted."""

_LISTS = ("eas_ids", "certificates", "apps", "asked")
_FLAGS = ("managed", "apps_complete", "gone")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_A_TIME = "use one like 2026-12-01T09:00:00Z"
COLUMNS = tuple(DeviceLine.model_fields)
"""The names that may be in the first row of a CSV file."""


class ReadLine(NamedTuple):
    """One line, read or not."""

    line: int
    device: DeviceLine | None
    mistakes: tuple[LineMistake, ...] = ()


def read_rows(file: BinaryIO, *, is_csv: bool) -> Iterator[ReadLine]:
    """Every line that is not blank, from the position of the file."""
    return _csv_rows(file) if is_csv else _json_rows(file)


def check_rows(rows: Iterator[ReadLine]) -> int:
    """Count the lines. Raises ``LinesRefusedError`` if one of them is wrong."""
    mistakes, wrong, right = list[LineMistake](), 0, 0
    for row in rows:
        right += 1
        wrong += len(row.mistakes)
        mistakes += row.mistakes[: MAX_MISTAKES - len(mistakes)]
    if wrong:
        raise LinesRefusedError(mistakes, wrong)
    return right


def report_of_line(line: DeviceLine, setup: Setup) -> Report:
    """Read a report from a line. Apps that are not listed are dropped here."""
    given = line.apps or ()
    apps = [
        Installed(app) if isinstance(app, str) else Installed(app.id, app.name, app.publisher)
        for app in given
    ]
    asked = None if line.asked is None else setup.listed(line.os, map(Installed, line.asked))
    seen = setup.listed(line.os, apps)
    judged = ManagementVerdict(line.compliance, line.compliance_at) if line.compliance_at else None
    return report_by(
        source=setup.name,
        device_id=line.id,
        owner=line.owner,
        kind=line.kind,
        os=line.os.casefold(),
        os_version=line.os_version,
        managed=line.managed,
        status=line.status,
        apps=setup.report(seen, complete=line.apps_complete, at=line.looked_at(), asked=asked),
        expires=line.expires_at,
        serial=line.serial,
        udid=line.udid,
        directory=line.directory,
        eas_ids=line.eas_ids,
        certificates=line.certificates,
        enrolment=line.enrolment,
        verdict=judged,
        gone=line.gone,
    )


def _json_rows(file: BinaryIO) -> Iterator[ReadLine]:
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            yield _wrong(number, "", f"longer than {MAX_LINE} bytes; write one device a line")
            return
        raw = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if raw.strip():
            yield _read_json(number, raw)


def _read_json(number: int, raw: bytes) -> ReadLine:
    """Refuses two values under one key, since the device might be clean by one of them and not by the other."""
    row = _read(number, raw)
    if row.device is not None:
        try:
            json.loads(raw, object_pairs_hook=_once)
        except _TwiceError as error:
            return _wrong(number, str(error), "the key is repeated; keep one")
    return row


class _TwiceError(Exception):
    """A key is in an object twice. The text is the key."""


def _once(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _TwiceError(name)
        seen.add(name)


def _csv_rows(file: BinaryIO) -> Iterator[ReadLine]:
    """Rows of RFC 4180: the first names the columns; a list is written with semicolons between its parts."""
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="strict")
    rows = csv.reader(text, strict=True)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        yield from _bad_columns(header)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield _csv_row(rows.line_num, header, cells)
    except csv.Error as error:
        yield _wrong(rows.line_num, "", f"not CSV ({error}); write it by RFC 4180")
    except UnicodeDecodeError:
        yield _wrong(rows.line_num + 1, "", "not UTF-8; save it as CSV in UTF-8")
    finally:
        text.detach()


def _bad_columns(header: list[str]) -> Iterator[ReadLine]:
    for index, name in enumerate(header):
        if name not in COLUMNS:
            yield _wrong(1, name, f"no column is called `{name[:60]}`; {did_you_mean(name, COLUMNS)}")
        elif name in header[:index]:
            yield _wrong(1, name, "the column is repeated; keep one")
    if "id" not in header:
        yield _wrong(1, "id", "the column `id` is missing; write the names of columns in the first row")


def _csv_row(number: int, header: list[str], cells: list[str]) -> ReadLine:
    if len(cells) != len(header):
        return _wrong(number, "", f"{len(cells)} cells; write {len(header)}, as in the first row")
    known = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name in COLUMNS}
    given = {name: _cell(name, cell) for name, cell in known.items() if cell}
    return _read(number, json.dumps(given).encode())


def _cell(name: str, cell: str) -> object:
    if name in _LISTS:
        return [part.strip() for part in cell.split(";") if part.strip()] if cell != "-" else []
    return _WORDS.get(cell.casefold(), cell) if name in _FLAGS else cell


def _read(number: int, raw: bytes) -> ReadLine:
    try:
        return ReadLine(number, DeviceLine.model_validate_json(raw))
    except ValidationError as error:
        found = [each for each in error.errors(include_url=False) if not _of_the_other_form(each)]
        return ReadLine(number, None, tuple(LineMistake(number, *_said(each)) for each in found))


def _of_the_other_form(error: Mapping[str, object]) -> bool:
    """Whether an error is about the form that the app does not have: one is a text, the other an object."""
    location = error["loc"]
    assert isinstance(location, tuple)
    if location[:1] != ("apps",) or len(location) != len(("apps", 0, "form")):
        return False
    as_text = error["type"] == "string_type"
    return isinstance(error["input"], dict) if as_text else str(error["type"]).startswith("model_")


def _said(error: Mapping[str, object]) -> tuple[str, str]:
    """The field that one of pydantic's errors is about, and the error in words."""
    location = error["loc"]
    assert isinstance(location, tuple)
    field = str(location[0]) if location else ""
    match error["type"]:
        case "json_invalid":
            return "", "not JSON; write one object a line"
        case "missing":
            return field, f"the key `{field}` is missing; add it to every line"
        case "extra_forbidden":
            word = str(location[-1])
            known = COLUMNS if len(location) == 1 else tuple(InstalledApp.model_fields)
            return field, f"the key `{word[:60]}` is not known; {did_you_mean(word, known)}"
        case "model_type":
            return "", "not an object; write one object a line"
        case "timezone_aware":
            return field, f"no time zone; {_A_TIME}"
    if str(error["type"]).startswith(("datetime_", "timezone_")):
        return field, f"not a time; {_A_TIME}"
    return field, wording(error)  # type: ignore[arg-type]


def _wrong(line: int, field: str, message: str) -> ReadLine:
    return ReadLine(line, None, (LineMistake(line, field, message),))


_CHUNK = 500


class LinesFile:
    """A file of lines. It is checked to its end first, so that a file with a mistake changes nothing."""

    tells_changes: ClassVar[bool] = False

    def __init__(self, setup: Setup, path: Path, *, is_csv: bool, complete: bool) -> None:
        self._setup = setup
        self._path = path
        self._is_csv = is_csv
        self.lists_all = complete

    async def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
        try:
            file = await asyncio.to_thread(self._path.open, "rb")
        except OSError as error:
            raise SourceError(Trouble.FILE, (error.strerror or "").lower()) from None
        with file:
            rows = read_rows(file, is_csv=self._is_csv)
            self._setup.tools.tally.total = await asyncio.to_thread(check_rows, rows)
            file.seek(0)
            async for record in self._records(file):
                yield record

    async def _records(self, file: BinaryIO) -> AsyncGenerator[Report, None]:
        rows = read_rows(file, is_csv=self._is_csv)
        while chunk := await asyncio.to_thread(list, islice(rows, _CHUNK)):
            for row in chunk:
                if row.device is None:  # the line was right when the file was checked
                    raise SourceError(Trouble.FILE, "the file changed while it was read")
                yield report_of_line(row.device, self._setup)

    async def close(self) -> None:
        """Do nothing, since the file is closed after each reading."""


@connects(FileSettings)
def _file_of(setup: Setup, settings: FileSettings) -> LinesFile:
    return LinesFile(setup, settings.path, is_csv=settings.is_csv(), complete=settings.complete)


@connects(PostSettings)
class PostedLines:
    """Posted lines: all lines of one call count, or none if one of them is wrong."""

    tells_changes: ClassVar[bool] = False
    lists_all: ClassVar[bool] = False

    def __init__(self, setup: Setup, _settings: PostSettings) -> None:
        self._setup = setup

    async def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
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


class FileChanges:
    """Looks for changed files: those that two looks in a row find alike, since one may still be being written."""

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

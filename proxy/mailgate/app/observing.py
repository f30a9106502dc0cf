"""Who is told of requests that are over, as the settings ask for it: put together at the start, and anew at a reload."""

import asyncio
from collections.abc import Callable

from mailgate.app.workers.place import Place
from mailgate.config.settings import AccessLogSettings, LogSettings, Settings
from mailgate.gateway.handler import Gate
from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.observe.access_log import AccessLog
from mailgate.gateway.observe.lines import Lines, Way, to_file, to_standard_error


class Observing:
    """``take`` settings at the start and at each reload, ``stop`` once no request runs any more."""

    def __init__(self, gate: Gate, place: Place) -> None:
        self._gate, self._place = gate, place
        self._taken: LogSettings | None = None
        self._writing: list[Lines] = []

    def take(self, settings: Settings) -> None:
        """Tell the next requests as these settings ask for it."""
        if settings.log == self._taken:
            return
        before, self._writing, self._taken = self._writing, [], settings.log
        self._gate.requests.others = tuple(self._others(settings.log))
        for each in before:
            each.close()

    async def stop(self) -> None:
        """Write what waits."""
        for each in self._writing:
            await asyncio.to_thread(each.finish)

    def _others(self, settings: LogSettings) -> list[Callable[[Exchange], None]]:
        return [self._access_log(settings.access).over] if settings.access else []

    def _access_log(self, settings: AccessLogSettings) -> AccessLog:
        lines = self._lines("access", to_file(settings.file) if settings.file else to_standard_error)
        return AccessLog(lines.put, settings.include, self._gate.clock, self._place.number)

    def _lines(self, name: str, way: Way) -> Lines:
        lost = self._gate.metrics.lines_lost.labels(name)
        lines = Lines(name, way, lost.inc)
        lines.start()
        self._writing.append(lines)
        return lines

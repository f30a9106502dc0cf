"""Changed files take effect by themselves: a good set at once and as a whole, a bad one never."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from watchfiles import awatch

from mailgate.config.files import Stamp, stamp_of
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.metrics import Metrics

log = structlog.get_logger()

LOOK = 5_000
"""Milliseconds after which the files are looked at although no change was told."""

Loaded = TypeVar("Loaded")


@dataclass(slots=True)
class Reloader(Generic[Loaded]):
    """Reads the files anew when one of them changes.

    ``load`` raises ConfigError for files that cannot be used; then nothing changes, and the mistakes are logged and
    shown until the files are good again. ``apply`` puts what was read in force; if it raises, nothing has changed.
    """

    load: Callable[[], Loaded]
    apply: Callable[[Loaded], Awaitable[None]]
    metrics: Metrics
    mistakes: list[str] = field(default_factory=list)
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """What is read last has to take effect last, though a change and a signal come together."""

    async def reload(self, *, again: bool = False) -> bool:
        """Read the files now; whether they were put in force. ``again``: the same mistakes are not told twice."""
        async with self._turns:
            return await self._reload(again)

    async def _reload(self, again: bool) -> bool:
        try:
            await self.apply(self.load())
        except ConfigError as error:
            return self._rejected([str(mistake) for mistake in error.mistakes], again)
        except MailgateError as error:  # its text is for people
            return self._rejected([f"the files cannot be put in force: {error}"], again)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the files, later ones must be read
            return self._rejected([f"the files cannot be put in force: {type(error).__name__}"], again)
        self.mistakes = []
        self._count("applied", ok=True)
        return True

    def _rejected(self, mistakes: list[str], again: bool) -> bool:
        if again and mistakes == self.mistakes:
            return False
        self.mistakes = mistakes
        self._count("rejected", ok=False)
        log.error("config-rejected", mistakes=mistakes, kept="the rules before stay in force")
        return False

    async def watch(self, files: Callable[[], set[Path]]) -> None:
        """Reload whenever one of ``files`` comes, goes or changes, however it is written or replaced; runs until cancelled.

        What is there counts, not which change was told: a link may lead elsewhere, a folder may be made anew, and
        some file systems tell nothing. Rejected files are read again meanwhile: what they lack may lie anywhere.
        """
        seen = _stamps(files())
        while True:
            folders = _folders(files())
            async for _ in _looks(folders):
                before, seen = seen, _stamps(files())
                changed = any(before.get(path, stamp) != stamp for path, stamp in seen.items())
                if changed or self.mistakes:
                    await self.reload(again=not changed)
                    seen = _stamps(files()) | seen  # files named only now
                if _folders(files()) != folders:
                    break

    def _count(self, result: str, *, ok: bool) -> None:
        self.metrics.reloads.labels(result).inc()
        self.metrics.config_ok.set(ok)


def _stamps(files: set[Path]) -> dict[Path, Stamp | None]:
    return {path: stamp_of(path) for path in files}


def _folders(files: set[Path]) -> dict[Path, int]:
    """The folders that are there, by their inodes: of the files, and of what they are links to."""
    parents = {place.parent for path in files for place in (path, path.resolve())}
    return {folder: stamp[0] for folder in parents if (stamp := stamp_of(folder))}


async def _looks(folders: Iterable[Path]) -> AsyncIterator[None]:
    """One round for each change, and one where none was told for a while; ends where folders cannot be watched."""
    try:
        async for _ in awatch(
            *folders, recursive=False, step=50, debounce=400, rust_timeout=LOOK, yield_on_timeout=True
        ):
            yield
    except (OSError, RuntimeError):  # a folder went, or the system watches no more of them
        await asyncio.sleep(LOOK / 1000)
        yield

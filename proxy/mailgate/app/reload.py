"""Puts changed files in force by itself. A good set takes effect at once and as a whole, and a bad set never does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from watchfiles import awatch

from mailgate.config.files import Stamps, stamp_of
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.metrics import Metrics
from mailgate.model.phrase import phrase
from mailgate.tasks import compute

log = structlog.get_logger()

CHECK_MILLISECONDS = 5_000
"""The milliseconds after which the files are checked even if no change was reported."""

Loaded = TypeVar("Loaded")


@dataclass(slots=True)
class Reloader(Generic[Loaded]):
    """Reads the files again when one of them changes.

    ``load`` raises ConfigError if the files cannot be used. Then nothing changes, and the mistakes are logged and shown
    until the files are good again. ``apply`` puts the files in force. If it raises, nothing has changed.
    """

    load: Callable[[], Loaded]
    apply: Callable[[Loaded], Awaitable[None]]
    metrics: Metrics
    mistakes: list[str] = field(default_factory=list)
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Makes reloads wait for each other, so that the files read last take effect last."""

    async def reload(self, *, again: bool = False) -> bool:
        """Read the files now. Returns whether they were put in force. With ``again``, the same mistakes are not reported twice."""
        async with self._turns:
            return await self._reload(again)

    async def _reload(self, again: bool) -> bool:
        try:
            await self.apply(await compute(self.load))
        except ConfigError as error:
            return self._rejected([mistake.text for mistake in error.mistakes], again)
        except Exception as error:  # noqa: BLE001 - later files must be read after any error
            # the text of an error of the house is for people
            why = error.words if isinstance(error, MailgateError) else type(error).__name__
            return self._rejected([phrase("the files cannot be put in force: %(why)s", why=why)], again)
        self.mistakes = []
        self._count("applied", ok=True)
        return True

    def _rejected(self, mistakes: list[str], again: bool) -> bool:
        if again and mistakes == self.mistakes:
            return False
        self.mistakes = mistakes
        self._count("rejected", ok=False)
        log.error("config-rejected", mistakes=mistakes, kept="the rules that were in force stay in force")
        return False

    async def watch(self, files: Callable[[], set[Path]], read: Stamps) -> None:
        """Reload whenever one of ``files`` comes, goes or changes, however it is written or replaced; runs until cancelled.
        ``read`` is their state when they were read last, since they may have changed before this begins.

        The files themselves are checked, and a reported change is only a hint: a link may point elsewhere, a folder may be
        new, and some file systems report nothing. Rejected files are read again regularly, since they may lack something
        that is not watched.
        """
        seen = _stamps(files()) | read
        while True:
            folders = _folders(files())
            async for _ in _changes_or_timeout(folders):
                before, seen = seen, _stamps(files())
                changed = any(before.get(path, stamp) != stamp for path, stamp in seen.items())
                if changed or self.mistakes:
                    await self.reload(again=not changed)
                    seen = _stamps(files()) | seen  # the new settings may name further files
                if _folders(files()) != folders:
                    break

    def _count(self, result: str, *, ok: bool) -> None:
        self.metrics.reloads.labels(result).inc()
        self.metrics.config_ok.set(ok)


def _stamps(files: set[Path]) -> Stamps:
    return {path: stamp_of(path) for path in files}


def _folders(files: set[Path]) -> dict[Path, int]:
    """The existing folders of the files, of their link targets and of links on the way to them, with their inodes."""
    parents = {
        place.parent
        for path in files
        for place in (path, path.resolve(), *filter(Path.is_symlink, path.parents))
    }
    return {folder: stamp[0] for folder in parents if (stamp := stamp_of(folder))}


async def _changes_or_timeout(folders: Iterable[Path]) -> AsyncIterator[None]:
    """Yield once for each change, and once after a while without changes. It ends if the folders cannot be watched."""
    try:
        async for _ in awatch(
            *folders,
            recursive=False,
            step=50,
            debounce=400,
            rust_timeout=CHECK_MILLISECONDS,
            yield_on_timeout=True,
        ):
            yield
    except (OSError, RuntimeError):  # a folder is gone, or the system cannot watch more of them
        await asyncio.sleep(CHECK_MILLISECONDS / 1000)
        yield

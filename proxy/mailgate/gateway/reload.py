"""Changed files take effect by themselves: a good set at once and as a whole, a bad one never."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from watchfiles import awatch

from mailgate.errors import ConfigError
from mailgate.gateway.metrics import Metrics

log = structlog.get_logger()

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

    async def reload(self) -> bool:
        """Read the files now; whether they were put in force."""
        try:
            await self.apply(self.load())
        except ConfigError as error:
            return self._rejected([str(mistake) for mistake in error.mistakes])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the files, later ones must be read
            return self._rejected([f"the files cannot be put in force: {type(error).__name__}"])
        self.mistakes = []
        self._count("applied", ok=True)
        return True

    def _rejected(self, mistakes: list[str]) -> bool:
        self.mistakes = mistakes
        self._count("rejected", ok=False)
        log.error("config-rejected", mistakes=mistakes, kept="the rules before stay in force")
        return False

    async def watch(self, files: Callable[[], set[Path]]) -> None:
        """Reload whenever one of ``files`` changes, also by a rename or a swapped link; runs until cancelled.

        Folders are watched, not files: editors and orchestrators replace files instead of writing them.
        """
        while True:
            folders = {path.parent for path in files()}
            async for changes in awatch(*folders, recursive=False, step=50, debounce=400):
                names = {Path(path).name for _, path in changes}
                if names & {path.name for path in files()} or any(name.startswith("..") for name in names):
                    await self.reload()
                    if {path.parent for path in files()} != folders:
                        break

    def _count(self, result: str, *, ok: bool) -> None:
        self.metrics.reloads.labels(result).inc()
        self.metrics.config_ok.set(ok)

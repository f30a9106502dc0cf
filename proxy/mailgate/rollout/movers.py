"""All movers of a plan, kept in an unnamed file between simulation and store, since there may be very many."""

import pickle
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from mailgate.policy.simulate import Mover

PAGE = 5_000
"""How many movers are written in one transaction."""


class Movers:
    """Movers in a temporary file. Use it as a context manager: the file is deleted at the end."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by the context
        self.count = 0

    def add(self, movers: Sequence[Mover]) -> None:
        """Add movers."""
        for start in range(0, len(movers), PAGE):
            pickle.dump([tuple(each) for each in movers[start : start + PAGE]], self._file)
        self.count += len(movers)

    def pages(self) -> Iterator[list[Mover]]:
        """All movers, a page at a time."""
        self._file.seek(0)
        left = self.count
        while left:
            page = [Mover._make(each) for each in pickle.load(self._file)]  # noqa: S301 - written above, by this process
            left -= len(page)
            yield page

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

"""Questions to sources that nobody waits for the answers of."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from mailgate.tasks import end_all

MOST = 1_000
"""Questions that wait at once; what goes beyond is left out."""


class BackgroundQuestions:
    """Asks in the background; ``stop`` before the store is closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, questions: Iterable[Coroutine[Any, Any, Any]]) -> None:
        """Begin to ask. How many go at once is for the sources to say."""
        for question in questions:
            if len(self._tasks) >= MOST:
                question.close()
                continue
            task = asyncio.get_running_loop().create_task(question)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what runs."""
        await end_all(self._tasks)

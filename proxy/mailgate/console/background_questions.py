"""Asks sources in the background, so that no request waits for the answers."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from mailgate.tasks import end_all

MAX_RUNNING = 1_000
"""The most questions that wait at once. Further ones are dropped."""


class BackgroundQuestions:
    """Asks in the background. Call ``stop`` before the store is closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, questions: Iterable[Coroutine[Any, Any, Any]]) -> int:
        """Begin to ask. Returns how many questions are asked; there is no room for the others."""
        begun = 0
        for question in questions:
            if len(self._tasks) >= MAX_RUNNING:
                question.close()
                continue
            begun += 1
            task = asyncio.get_running_loop().create_task(question)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return begun

    async def stop(self) -> None:
        """Cancel the running questions."""
        await end_all(self._tasks)

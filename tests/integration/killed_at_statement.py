"""Lets a process end itself by SIGKILL at one point of its work with the database: before a statement, before or
after a commit.

Nothing is flushed, rolled back or closed, as when the machine loses its power. The points of a command are always the
same, so that each can be tried once.
"""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

POINT, BEHIND = "TEST_KILLED_AT", "TEST_KILLED_BEHIND"
"""Environment of a forked command: at which point it ends, and by which word in a statement the count begins."""

_TALK = ("do_execute", "do_execute_no_params", "do_executemany", "do_commit")


def arm(point: int, behind: str) -> None:
    """From the first statement that contains ``behind``, count statements and commits; end at number ``point``,
    counted from 1."""
    numbers = count(1)
    begun = not behind

    def pass_by() -> None:
        if next(numbers) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(talk: Callable[..., Any], *, behind_it: bool) -> Callable[..., Any]:
        def said(*arguments: Any) -> Any:
            nonlocal begun
            begun = begun or any(behind in each for each in arguments if isinstance(each, str))
            if not begun:
                return talk(*arguments)
            pass_by()
            result = talk(*arguments)
            if behind_it:
                pass_by()
            return result

        return said

    for name in _TALK:
        talk = getattr(DefaultDialect, name)
        setattr(DefaultDialect, name, counted(talk, behind_it=name == "do_commit"))

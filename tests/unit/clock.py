"""A clock that a test sets."""

from datetime import datetime
from typing import Generic, TypeVar

Moment = TypeVar("Moment", datetime, float)


class Clock(Generic[Moment]):
    def __init__(self, now: Moment) -> None:
        self.now = now

    def __call__(self) -> Moment:
        return self.now

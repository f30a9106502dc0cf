"""Secrets that several gates share, and which of them seals what is made now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Secret(Protocol):
    """A secret that several gates share (``store/keys.py``)."""

    @property
    def secret(self) -> bytes: ...

    @property
    def made_at(self) -> datetime: ...


def sealing(keys: Sequence[Secret], now: datetime, settling: timedelta) -> Secret:
    """The newest that was made ``settling`` ago: by then every gate knows it. Where none was, the oldest.

    ``keys`` come newest first; there is at least one.
    """
    return next((key for key in keys if key.made_at <= now - settling), keys[-1])

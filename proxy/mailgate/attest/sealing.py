"""Chooses which of the secrets that several gates share is used for sealing now."""

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
    """The newest secret that is at least ``settling`` old, since by then every gate knows it. If there is none, the oldest.

    ``keys`` come newest first; there is at least one.
    """
    return next((key for key in keys if key.made_at <= now - settling), keys[-1])

"""Seals texts that a client keeps and sends back, with secrets that several gates share."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Secret(Protocol):
    """A secret that several gates share (``store/keys.py``)."""

    @property
    def secret(self) -> bytes: ...

    @property
    def made_at(self) -> datetime: ...


def sealing_key(keys: Sequence[Secret], now: datetime, settling: timedelta) -> Secret:
    """The newest secret that is at least ``settling`` old, since by then every gate knows it. If there is none, the oldest.

    ``keys`` come newest first; there is at least one.
    """
    return next((key for key in keys if key.made_at <= now - settling), keys[-1])


def mac(key: Secret, use: str, text: str) -> str:
    """The seal of a text in 43 letters (HMAC-SHA-256, in base64url without padding). A seal for one use counts for no other."""
    sealed = f"{use}\n{text}".encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key.secret, sealed, "sha256")).rstrip(b"=").decode()

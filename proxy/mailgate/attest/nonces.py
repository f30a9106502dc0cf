"""DPoP nonces: a gate's own mark in a proof (RFC 9449, section 8). The gate does not have to remember them.

A nonce is a span of five minutes, sealed with a secret that all gates on one store share. It is valid in its span
and in the next. There are two sorts. A shared nonce is valid at every gate, and a gate has to ask the others whether the
proof was used. A bound nonce is valid only at the process that made it. No other process accepts a proof with it, so
this process knows by itself whether the proof was used.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from mailgate.attest.sealing import Secret, sealing_key

SPAN = timedelta(minutes=5)
NODE_BYTES = 8
_SHARED_NODE = bytes(NODE_BYTES)
_PURPOSE = b"mailgate-dpop-nonce\n"
_SPAN_BYTES, _SEAL_BYTES = 4, 16


class NonceOrigin(Enum):
    """The sort of a nonce, as seen by the process that reads it."""

    NONE = "none"
    """There is no nonce, it is too old, or no gate here made it."""
    SHARED = "shared"
    OWN = "own"
    """The nonce is bound to this process."""
    FOREIGN = "foreign"
    """The nonce is bound to another process, perhaps to this gate before its restart."""


class Nonce(NamedTuple):
    """A nonce that was read. If it is not ``fresh``, it will soon be too old."""

    origin: NonceOrigin
    fresh: bool = False


class Nonces:
    """Makes and reads nonces. ``keys`` come newest first and may be replaced at any time; ``node`` is random.

    A new key is used for sealing only ``settling`` after it was made. By then every gate knows it.
    """

    def __init__(
        self, keys: Sequence[Secret], node: bytes, settling: timedelta = timedelta(minutes=10)
    ) -> None:
        self.keys = keys
        self._node = node
        self._settling = settling

    def make(self, now: datetime, *, bound: bool) -> str:
        """Make a nonce for the next proof."""
        key = sealing_key(self.keys, now, self._settling)
        return _sealed(key, _span(now), self._node if bound else _SHARED_NODE)

    def read(self, text: str, now: datetime) -> Nonce:
        """Read the nonce of a proof. The span after this one counts too, since the clocks of gates differ."""
        parts = _parts(text)
        if parts is None or not any(hmac.compare_digest(text, _sealed(key, *parts)) for key in self.keys):
            return Nonce(NonceOrigin.NONE)
        (span, node), current = parts, _span(now)
        if not current - 1 <= span <= current + 1:
            return Nonce(NonceOrigin.NONE)
        known = {_SHARED_NODE: NonceOrigin.SHARED, self._node: NonceOrigin.OWN}
        return Nonce(known.get(node, NonceOrigin.FOREIGN), span >= current)


def _span(now: datetime) -> int:
    return int(now.timestamp()) // int(SPAN.total_seconds())


def _sealed(key: Secret, span: int, node: bytes) -> str:
    told = span.to_bytes(_SPAN_BYTES) + node
    seal = hmac.digest(key.secret, _PURPOSE + told, "sha256")[:_SEAL_BYTES]
    return urlsafe_b64encode(told + seal).rstrip(b"=").decode("ascii")


def _parts(text: str) -> tuple[int, bytes] | None:
    """The span and the node in a nonce, which must not be believed yet."""
    try:
        data = urlsafe_b64decode(text + "==")  # more padding than is needed is ignored
    except ValueError:
        return None
    return int.from_bytes(data[:_SPAN_BYTES]), data[_SPAN_BYTES : _SPAN_BYTES + NODE_BYTES]

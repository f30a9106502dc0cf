"""Seals what a client keeps and sends back, with secrets that several gates share: texts, DPoP nonces, and the tokens of a company's
computers, each of which is good for one machine and its owner.

A nonce is a gate's own mark in a proof (RFC 9449, section 8), which the gate does not have to remember: a span of five minutes. It is
valid in its span and in the next. There are two sorts. A shared nonce is valid at every gate, and a gate has to ask the others whether
the proof was used. A bound nonce is valid only at the process that made it. No other process accepts a proof with it, so this process
knows by itself whether the proof was used.
"""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple, Protocol

from mailgate.attest.jose import base64url


class Secret(Protocol):
    """A secret that several gates share (``store/gates.py``)."""

    @property
    def secret(self) -> bytes: ...

    @property
    def made_at(self) -> datetime: ...


def sealing_key(keys: Sequence[Secret], now: datetime, settling: timedelta) -> Secret:
    """The newest secret that is at least ``settling`` old, since by then every gate knows it, or else the oldest. ``keys`` come newest first;
    there is at least one."""
    return next((key for key in keys if key.made_at <= now - settling), keys[-1])


def mac(key: Secret, use: str, text: str) -> str:
    """The seal of a text in 43 letters (HMAC-SHA-256, in base64url without padding). A seal for one use counts for no other."""
    sealed = f"{use}\n{text}".encode("utf-8", "surrogatepass")
    return base64url(hmac.digest(key.secret, sealed, "sha256"))


SPAN = timedelta(minutes=5)
NONCE_LIFE = 2 * SPAN
"""How old a nonce may be, by the clock of the gate that made it."""
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
    """Makes and reads nonces. ``keys`` come newest first and may be replaced at any time; ``node`` is random. A new key seals ``settling`` after
    it was made, when every gate knows it."""

    def __init__(
        self, keys: Sequence[Secret], node: bytes, settling: timedelta = timedelta(minutes=10)
    ) -> None:
        self.keys = keys
        self._node = node
        self._settling = settling

    def make(self, now: datetime, *, bound: bool) -> str:
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
    return base64url(told + seal)


def _parts(text: str) -> tuple[int, bytes] | None:
    """The span and the node in a nonce, which must not be believed yet."""
    try:
        data = urlsafe_b64decode(text + "==")  # more padding than is needed is ignored
    except ValueError:
        return None
    return int.from_bytes(data[:_SPAN_BYTES]), data[_SPAN_BYTES : _SPAN_BYTES + NODE_BYTES]


PREFIX = "mailgate-machine-"


def is_of_machine(token: str) -> bool:
    """Whether this has the form of a machine's token, right or wrong. Nobody guesses one: a wrong one is of another owner, of a
    computer with another name, or of an earlier secret."""
    return token.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class MachineTokens:
    """Makes and checks them. No token is stored."""

    secret: bytes = field(default=b"", repr=False)
    """The company's secret; empty if it has none, and then no token is good."""
    keys_a_machine: int = 5
    """How many keys, which are profiles of browsers, each machine may have."""

    def token(self, machine: str, owner: str) -> str:
        """The token of a machine and the login name of its owner, which may be empty, both in any case. It is the HMAC-SHA-256 of both
        in one JSON list, so that no other machine and owner have the same text."""
        said = json.dumps(["machine", _without_case(machine), _without_case(owner)]).encode()
        return PREFIX + base64url(hmac.digest(self.secret, said, "sha256"))

    def proves(self, token: str, machine: str, owner: str) -> bool:
        """Whether this is the token of this machine and owner. It takes as long for a wrong one."""
        right = self.token(machine, owner).encode()
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), right) and bool(
            self.secret and machine
        )


def _without_case(name: str) -> str:
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")

"""Reads the members of a signed JSON object by type. JSON's types differ from Python's: ``true`` is no number here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

TEXT_LIMIT = 255
"""Longest text of one claim, in characters: what fits every column and header that it may end up in."""
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the end of datetime


class ClaimMissingError(ValueError):
    """A required claim is missing. The message is its path."""


class ClaimWrongError(ValueError):
    """A claim has a wrong type or an impossible value. The message has its path and says what is expected."""


@dataclass(frozen=True, slots=True)
class Claims:
    """One JSON object. Every method raises `ClaimMissingError` or `ClaimWrongError`, naming the claim's whole path."""

    members: Mapping[str, object]
    path: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def text(self, name: str, longest: int = TEXT_LIMIT) -> str:
        """A text of 1 to ``longest`` printable characters, which can be logged and stored."""
        return _printable(self._get(name), self._named(name), longest)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of such texts, which may be empty."""
        values = self._get(name)
        if not isinstance(values, list):
            raise ClaimWrongError(f"{self._named(name)} must be a list of texts")
        named = self._named(name)
        return tuple(_printable(value, f"{named}[{at}]", TEXT_LIMIT) for at, value in enumerate(values))

    def flag(self, name: str) -> bool:
        value = self._get(name)
        if not isinstance(value, bool):
            raise ClaimWrongError(f"{self._named(name)} must be true or false")
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, written without fraction or exponent."""
        value = self._get(name)
        if type(value) is not int or not low <= value <= high:
            raise ClaimWrongError(f"{self._named(name)} must be a whole number from {low} to {high}")
        return value

    def instant(self, name: str) -> datetime:
        """A NumericDate (RFC 7519, section 2) in whole seconds, aware and in UTC."""
        return datetime.fromtimestamp(self.whole(name, 0, _LAST_SECOND), UTC)

    def inner(self, name: str) -> "Claims":
        """The inner object of this name. Its claims are named by their whole path."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise ClaimWrongError(f"{self._named(name)} must be an object")
        return Claims(value, self._named(name))

    def _get(self, name: str) -> object:
        if name not in self.members:
            raise ClaimMissingError(f"{self._named(name)} is missing")
        return self.members[name]

    def _named(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _printable(value: object, name: str, longest: int) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > longest:
        raise ClaimWrongError(f"{name} must be a text of 1 to {longest} printable characters")
    return value

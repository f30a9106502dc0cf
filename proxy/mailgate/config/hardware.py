"""The settings of evidence by hardware, and the files that they name."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from mailgate.attest import android_key, apple_device
from mailgate.attest.hardware import Roots, StatusError, read_status
from mailgate.config.references import AuthoritiesFile, ExistingFile, read_certificates
from mailgate.policy.apps import Strict

MAX_STATUS = 32 * 1024 * 1024
"""The largest list of revoked keys, in bytes; Google's has some 200 KiB."""


class AppleSettings(Strict):
    """The authorities that are trusted for Apple's devices."""

    roots: AuthoritiesFile
    """The maker's own authorities, PEM."""
    _roots: Roots = PrivateAttr()

    @model_validator(mode="after")
    def _read_roots(self) -> Self:
        self._roots = Roots(read_certificates(self.roots, "roots"), self.serials())
        return self

    def serials(self) -> frozenset[int]:
        """The serial numbers of revoked keys."""
        return frozenset()

    @property
    def trusted_roots(self) -> Roots:
        return self._roots

    def referenced_files(self) -> tuple[Path, ...]:
        """The files whose change is a change of the settings."""
        return (self.roots,)


class AndroidSettings(AppleSettings):
    """The authorities that are trusted for Android's devices."""

    revoked: ExistingFile | None = None
    """The list of revoked keys, as Google publishes it. It is read again when it changes."""

    def serials(self) -> frozenset[int]:
        return _serials(self.revoked) if self.revoked else frozenset()

    def referenced_files(self) -> tuple[Path, ...]:
        return (self.roots, self.revoked) if self.revoked else (self.roots,)


class HardwareSettings(Strict):
    """The makers whose evidence about a device is accepted when it enrols. A format that is left out is not
    accepted."""

    android_key: AndroidSettings | None = None
    apple_device: AppleSettings | None = None

    def trusted_roots(self) -> Mapping[str, Roots]:
        """The trusted roots, by format."""
        makers = {android_key.FORMAT: self.android_key, apple_device.FORMAT: self.apple_device}
        return {name: maker.trusted_roots for name, maker in makers.items() if maker}

    def referenced_files(self) -> Iterator[Path]:
        """The files whose change is a change of the settings."""
        for maker in (self.android_key, self.apple_device):
            yield from maker.referenced_files() if maker else ()


def _serials(path: Path) -> frozenset[int]:
    try:
        with path.open(encoding="utf-8") as file:
            return read_status(file.read(MAX_STATUS))
    except (OSError, UnicodeDecodeError, StatusError) as error:
        wrong = str(error) if isinstance(error, StatusError) else "expected a file in UTF-8"
        raise PydanticCustomError(
            "file", "no list of revoked keys: {wrong}", {"wrong": wrong, "key": "revoked"}
        ) from error

"""The content of a lock file: names, versions, where each applies, and the hashes that an installer accepts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

_ENTRY = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; (?P<marker>.*?))?(?P<hashes>(?: +--hash=\S+)*)"
)


@dataclass(frozen=True)
class Locked:
    """One package of a lock file."""

    name: str
    version: str
    marker: str
    hashes: Sequence[str]
    """SHA-256 in hexadecimal, one for each file that the index has of this version."""

    @property
    def purl(self) -> str:
        """The package URL (purl-spec), which identifies the package for programs."""
        return f"pkg:pypi/{self.name}@{self.version}"

    def applies(self) -> bool:
        """Whether it is installed on a system like this one."""
        return not self.marker or Marker(self.marker).evaluate()


def read_lock(path: Path) -> list[Locked]:
    """Every package of a file that ``make lock`` has written. Raises ValueError for a line that pins nothing."""
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    return [_locked(line.strip(), path) for line in lines if line.strip()]


def _locked(line: str, path: Path) -> Locked:
    found = _ENTRY.fullmatch(line)
    if found is None or not found["hashes"]:
        raise ValueError(f"{path.name}: `{line[:80]}` pins no version with its hashes")
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", found["hashes"])
    return Locked(found["name"], found["version"], found["marker"] or "", hashes)

"""The tour that the demo prints: each line plays one device, and what stands above it is what it gets."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROMISE = re.compile(r"# (?P<who>.+): (?P<outcome>.+)\n(?P<command>.+)\n")


@dataclass(frozen=True)
class Promise:
    """One line for the shell, and what it is said to get."""

    who: str
    outcome: str
    command: str

    def kept(self, folder: Path, environment: Mapping[str, str]) -> bool:
        """Whether it gets that, word for word, run in the demo's folder."""
        answer = subprocess.run(
            ["bash", "-c", self.command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        reason = self.outcome.rpartition("refused, ")[2]
        return (f'"reason": "{reason}"' if "refused" in self.outcome else "<title>Inbox") in answer


def promises_of(log: Path) -> list[Promise]:
    """What the demo has printed so far."""
    return [Promise(**found.groupdict()) for found in PROMISE.finditer(log.read_text())]

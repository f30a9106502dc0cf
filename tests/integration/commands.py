"""Runs ``mailgate`` commands with the files of a gate, as an admin would. They are forked like gates, and as real."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryFile
from typing import IO

from tests.integration.forked import Forked, fork
from tests.servers import PATIENCE


@dataclass
class RunningCommand:
    """A command that runs."""

    arguments: Sequence[str]
    process: Forked
    printed: IO[bytes]

    def ended(self) -> CompletedProcess[str]:
        """Wait for the end. Returns the exit code and the output. May be called once."""
        with self.process.stderr, self.printed:
            said = self.process.stderr.read().decode()
            code = self.process.wait(PATIENCE)
            self.printed.seek(0)
            return CompletedProcess(self.arguments, code, self.printed.read().decode(), said)


def begin(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
    """Start a command in this folder, with this environment and no other."""
    printed = TemporaryFile()  # noqa: SIM115 - closed at its end
    return RunningCommand(arguments, fork(arguments, folder, environment, printed.fileno()), printed)


def begin_beside(config: Path, *arguments: str, **environment: str) -> RunningCommand:
    """Start a command with these settings, and these variables besides the environment of the tests."""
    return begin([*arguments, "--config", str(config)], config.parent, {**os.environ, **environment})


def run(config: Path, *arguments: str, **environment: str) -> CompletedProcess[str]:
    """Run a command to its end, also if it fails."""
    return begin_beside(config, *arguments, **environment).ended()


def output_of(config: Path, *arguments: str) -> str:
    """The output of a command that succeeds. Raises subprocess.CalledProcessError if it fails."""
    done = run(config, *arguments)
    done.check_returncode()
    return done.stdout

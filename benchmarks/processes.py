"""What a run starts: programs that are found, and servers of this source tree."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from jinja2 import StrictUndefined, Template
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.servers import listens, running

from benchmarks.machine import described

ROOT = Path(__file__).parents[1]
BIN = ROOT / ".venv-bench" / "bin"
"""The folder in which ``make bench-setup`` installs the peers that are Python packages."""


class NotInstalled(Exception):
    """A program is not installed on this machine."""


def program(name: str) -> str:
    """The path of an installed program. Raises NotInstalled."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise NotInstalled(f"{name} is not installed: apt install nginx-light wrk haproxy, make bench-setup")
    return found


def configured(name: str, **values: object) -> str:
    """One of the configurations of peers, with its values."""
    text = Path(__file__).with_name("configs").joinpath(name).read_text("utf-8")
    return str(Template(text, undefined=StrictUndefined, keep_trailing_newline=True).render(values))


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this source tree with the interpreter of this run."""
    return [sys.executable, "-m", module, *arguments]


def version_of(name: str, *question: str) -> str:
    """The first version number in a program's answer. Raises NotInstalled."""
    answer = subprocess.run([program(name), *question], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+", answer.stdout + answer.stderr)
    return found[0] if found else "unknown"


class Run(NamedTuple):
    """``machine``: in a sentence. ``folder``: for its files. ``shown``: how far it is."""

    machine: str
    folder: Path
    shown: Progress


@contextmanager
def begun() -> Iterator[Run]:
    """Let SIGTERM end this process like an exception, so that its servers are ended too, and let it and its children have
    as many files and connections open as the system permits."""
    machine = described()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # few refreshes: they must not take the processor from what is measured
    shown = Progress(*columns, console=Console(stderr=True), refresh_per_second=1, transient=True)
    with TemporaryDirectory(prefix="mailgate-bench-") as folder, shown:
        yield Run(machine, Path(folder), shown)


@contextmanager
def serving(
    command: Sequence[str], port: int, log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server that listens on ``port`` of the loopback interface. Yields its process id. Raises NotStarted."""
    with running(command, ready=listens(port), log=log, environment=settings, directory=ROOT) as process:
        yield process.pid

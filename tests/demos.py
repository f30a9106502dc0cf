"""A demo as a process of its own, in a folder like a fresh clone."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from subprocess import Popen
from urllib.request import Request, urlopen

from tests.servers import PATIENCE, free_port, running

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "proxy")}
MAILGATE: tuple[str | Path, ...] = (sys.executable, "-m", "mailgate")
_COMMAND = re.compile(r"<p>([^<]+)</p>\n<pre>(.*?)</pre>", re.DOTALL)


@dataclass(frozen=True)
class RunningDemo:
    """A demo that has printed its addresses. ``said``: its output until then."""

    directory: Path
    process: Popen[bytes]
    port: int
    admin_port: int
    start_port: int
    said: str

    @property
    def start(self) -> str:
        return f"http://localhost:{self.start_port}"

    def commands(self) -> dict[str, str]:
        """The commands that the start page offers for a terminal, by description."""
        asked = Request(
            f"http://127.0.0.1:{self.start_port}/", headers={"Host": f"localhost:{self.start_port}"}
        )
        with urlopen(asked, timeout=PATIENCE) as answer:
            page = answer.read().decode()
        return {unescape(words): unescape(line) for words, line in _COMMAND.findall(page)}

    def keeps(self, words: str, command: str, environment: Mapping[str, str]) -> bool:
        """Whether a command, run in the demo's folder, has the outcome that its description promises."""
        answer = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        ).stdout
        reason = words.rpartition("refused, ")[2]
        return (f'"reason": "{reason}"' if "refused" in words else "<title>Inbox") in answer


@contextmanager
def running_demo(
    directory: Path,
    *more: str,
    program: Sequence[str | Path] = MAILGATE,
    environment: Mapping[str, str] = ENVIRONMENT,
    cloned: bool = True,
) -> Iterator[RunningDemo]:
    """A demo that runs until the body ends. ``cloned``: in a folder with the files of a clone."""
    if cloned:
        shutil.copytree(ROOT / "config", directory / "config", dirs_exist_ok=True)
    log, ports = directory / "demo.log", (free_port(), free_port(), free_port())
    named = zip(("--port", "--admin-port", "--start-port"), map(str, ports), strict=True)
    command = [*program, "demo", *(word for pair in named for word in pair), *more]
    ready = lambda: "Ctrl-C ends" in log.read_text()  # noqa: E731
    with running(command, ready=ready, log=log, environment=environment, directory=directory) as process:
        yield RunningDemo(directory, process, *ports, log.read_text())

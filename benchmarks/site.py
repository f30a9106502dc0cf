"""The upstream of every system: one nginx that answers like a webmail, serves a large file, and takes uploads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.servers import free_port, serving_by_nginx

from benchmarks.mixes import FILES, UNCHANGED
from benchmarks.processes import configured, program

KiB, MiB = 1024, 1024 * 1024
LARGE_BYTES = 64 * MiB
MEANS = {"mail": ("html", 8 * KiB), "xhr": ("json", 900), "live": ("json", 900), "assets": ("js", 6000)}
"""The files of the webmail: their form, and their average length in bytes, from half of which to one and a half they have."""


@dataclass(frozen=True)
class Site:
    """``run``: a folder for the files of servers. ``root``: what it serves. ``gate``: the module that runs a gate in front."""

    run: Path
    root: Path
    port: int
    gate: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def serve_site(run: Path, gate: str = "mailgate") -> Iterator[Site]:
    """Run the upstream. Raises NotInstalled, NotStarted."""
    program("nginx")
    port, root = free_port(), run / "www"
    (root / "upload").mkdir(parents=True)
    (root / "large.bin").write_bytes(os.urandom(MiB) * (LARGE_BYTES // MiB))
    _write_files(root)
    with serving_by_nginx(
        run, port, configured("common.conf") + configured("webmail.conf", port=port, root=root)
    ):
        yield Site(run, root, port, gate)


def _write_files(root: Path) -> None:
    changed = parsedate_to_datetime(UNCHANGED).timestamp()
    line = b"<p>A line of an ordinary answer, which differs from others in its length.</p>\n"
    for folder, (form, mean) in MEANS.items():
        (root / folder).mkdir()
        for number in range(FILES):
            path, size = root / folder / f"{number}.{form}", mean // 2 + mean * number // (FILES - 1)
            path.write_bytes((line * (size // len(line) + 1))[:size])
            os.utime(path, (changed, changed))

"""The project as users get it: built once, and installed into an environment of its own, without a network."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    """The files that ``hatchling build`` made."""

    wheel: Path
    sdist: Path


def build(source: Path, into: Path, *targets: str) -> Built:
    """Build both from this folder, or only one."""
    only = [word for each in targets for word in ("-t", each)]
    run([sys.executable, "-m", "hatchling", "build", "-d", str(into), *only], source)
    return Built(*(next(into.glob(kind), into) for kind in ("*.whl", "*.tar.gz")))


def install(wheel: Path, folder: Path) -> Path:
    """The folder of programs of an environment with this wheel; its dependencies are those of the tests."""
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder.parent)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)], folder.parent)
    purelib = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    # a path here brings packages, but not their .pth files: not the working copy that the tests run on
    Path(purelib.strip(), "of-the-tests.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def run(arguments: list[str], folder: Path) -> None:
    """Run a program that has to succeed; otherwise show its output."""
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr

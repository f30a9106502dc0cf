"""Copy the pages as they are installed, with the files that an operator needs: ``python docs/lay_installed.py FOLDER``.

A link to a copied file leads to the copy; a link to another file of the repository leads to the project's own pages.
"""

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(\]\(|src=\")(?![a-z]+:)([^)\s#\"]+)")
FOLDERS = (
    "config",
    *(f"deploy/{each}" for each in ("nginx", "caddy", "haproxy", "envoy", "traefik", "dovecot")),
    *(f"deploy/{each}" for each in ("prometheus", "grafana")),
)
"""They come with their files, and lie beside the pages as they lie in the repository."""
KINDS = {"", ".cfg", ".conf", ".json", ".lua", ".yaml", ".yml"}
"""What else is in them, like a store, somebody has made there by trying."""
FILES = ("SECURITY.md", "requirements-otel.lock")


def places() -> dict[Path, Path]:
    """The path of each copied file, and its path in the copy."""
    found = {page: Path(page.name) for page in ROOT.glob("docs/*.md")}
    named = [ROOT / each for each in FILES]
    inside = (path for each in FOLDERS for path in ROOT.joinpath(each).rglob("*") if path.is_file())
    named += [path for path in inside if path.suffix in KINDS]
    return found | {path: path.relative_to(ROOT) for path in named}


def linked(page: Path, lie: dict[Path, Path], home: str) -> str:
    """The page with links that work in the copy."""

    def led(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve()
        if target in lie:
            return link[1] + os.path.relpath(lie[target], lie[page].parent)
        # the target need not exist: a source archive has no tests, but makes the same pages
        return f"{link[1]}{home}/{target.relative_to(ROOT)}"

    return LINK.sub(led, page.read_text("utf-8"))


def lay(folder: Path) -> list[Path]:
    """Write everything into a folder. Returns the written paths, relative to it."""
    lie = places()
    home = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text("utf-8"))["project"]["urls"]["Homepage"]
    for source, place in lie.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            path.write_text(linked(source, lie, home), "utf-8")
        else:
            shutil.copyfile(source, path)
    return sorted(lie.values())


if __name__ == "__main__":
    lay(Path(sys.argv[1]))

"""Lay the pages, and every file that a link of theirs leads to, where mkdocs reads them: ``python docs/make_site.py FOLDER``.

They lie there as they lie here, so that each link leads where it leads in the repository.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)|src=\"([^\"]+)\"")


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def linked(page: Path) -> Iterator[Path]:
    """Files of the repository to which the page leads; a folder stands for nothing that a site could show."""
    for markdown, html in LINK.findall(page.read_text("utf-8")):
        target = (page.parent / (markdown or html)).resolve()
        if target.is_file() and target.is_relative_to(ROOT):
            yield target


def lay(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for file in {*pages(), *(target for page in pages() for target in linked(page))}:
        place = folder / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


if __name__ == "__main__":
    lay(Path(sys.argv[1]))

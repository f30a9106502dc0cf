"""Copy the pages, and every file that they link to, to where mkdocs reads them: ``python docs/make_site.py FOLDER``.

They have the same relative paths as here, so that each link works as in the repository.
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
    """Files of the repository to which the page links; folders are left out, since a site cannot show them."""
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

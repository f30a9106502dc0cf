"""Links between pages, and to pictures and files, lead somewhere."""

import re
from pathlib import Path
from runpy import run_path

import pytest
from tests.docs.reading import PAGES, ROOT, name_of, prose

LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")


def links(page: Path) -> list[str]:
    found = [markdown or html for markdown, html in LINK.findall(prose(page.read_text("utf-8")))]
    return [link for link in found if not link.startswith("https://")]


def anchors(page: Path) -> set[str]:
    """The anchors that headings get, lower case, no punctuation, hyphens for spaces; and those that are written."""
    text = prose(page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    written = set(re.findall(r'<a id="([\w-]+)"></a>', text))
    return written | {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    inside = target.is_relative_to(ROOT) and target.exists()
    return not inside or bool(anchor and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if leads_nowhere(page, link)] == []


def test_every_page_is_in_the_index() -> None:
    first = ROOT / "docs" / "README.md"
    indexes = [first, ROOT / "docs" / "decisions" / "README.md"]
    linked = {(index.parent / link).resolve() for index in indexes for link in links(index)}
    assert [name_of(page) for page in PAGES if page not in linked and page != first] == ["CHANGELOG.md"]


def test_a_picture_of_the_readme_is_a_link_at_a_package_index_which_cannot_show_it() -> None:
    pytest.importorskip("hatchling")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "![" in readme
    shown = run_path(str(ROOT / "hatch_build.py"))["PICTURE"].sub("", readme)
    assert re.findall(r"!\[[^\]]*\]\((?!https://)|<img(?![^>]*src=\"https://)", shown) == []
    assert len(re.findall(r"\]\(", shown)) == len(re.findall(r"\]\(", readme))


@pytest.mark.parametrize("link", ["missing.md", "#no-such-heading", "README.md#nor-this", "../../outside.md"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert leads_nowhere(ROOT / "README.md", link)

"""``make docs``: what is laid out for the site has everything that a page leads to. mkdocs itself looks at the rest there."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.reading import PAGES, ROOT
from tests.docs.test_links import links


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    script().lay(folder / "pages")
    return folder / "pages"


def test_every_linked_file_is_part_of_the_site(site: Path) -> None:
    for page in PAGES:
        there = site / page.relative_to(ROOT)
        assert there.read_text("utf-8") == page.read_text("utf-8")
        for link in filter(None, (each.partition("#")[0] for each in links(page))):
            if (page.parent / link).is_file():
                assert (there.parent / link).is_file(), (page.name, link)


def test_no_page_is_missing_in_the_menu() -> None:
    def named(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [
            name for each in (entry.values() if isinstance(entry, dict) else entry) for name in named(each)
        ]

    menu = named(YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text())["nav"])
    decisions = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "decisions").glob("*.md")}
    assert set(menu) == {str(page.relative_to(ROOT)) for page in PAGES} - decisions
    assert len(menu) == len(set(menu))

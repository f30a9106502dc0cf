"""What is installed beside the program: pages whose links lead somewhere, and the files that they tell to take."""

import re
from pathlib import Path, PurePath
from runpy import run_path

import pytest
from tests.docs.reading import ROOT, prose
from tests.docs.test_links import links

LAID = run_path(str(ROOT / "docs" / "lay_installed.py"))


def dead_links(folder: Path) -> list[tuple[str, str]]:
    """Relative links of the pages in a folder that lead to nothing in it."""
    return [
        (page.name, link)
        for page in sorted(folder.glob("*.md"))
        for link in links(page)
        if not link.startswith("#") and not (page.parent / link.partition("#")[0]).is_file()
    ]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laid")
    LAID["lay"](folder)
    return folder


def test_every_link_leads_somewhere(laid: Path) -> None:
    assert dead_links(laid) == []


def test_files_that_pages_name_in_code_are_installed(laid: Path) -> None:
    """In code, where no link says so."""
    folders = "|".join(each for each in LAID["FOLDERS"] if each.startswith("deploy"))
    named = {
        (page.name, name.rstrip("."))
        for page in laid.glob("*.md")
        for name in re.findall(rf"(?<![\w/.])(?:{folders})/[\w./-]*\w", page.read_text("utf-8"))
    }
    assert named
    assert sorted((page, name) for page, name in named if not (laid / name).exists()) == []


def test_links_to_files_left_out_lead_to_the_project_site(laid: Path) -> None:
    operate, text = (prose((laid / page).read_text("utf-8")) for page in ("operate.md", "metrics.md"))
    assert "](https://example.com/mailgate/CHANGELOG.md)" in operate
    assert "](deploy/prometheus/alerts.yml)" in text
    assert "](images/" not in text


def test_databases_and_keys_of_a_clone_are_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config/var/mailgate.db", "config/keys/issuer.private.jwk", "config/policy.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setitem(LAID["places"].__globals__, "ROOT", tmp_path)
    assert tmp_path / "config/policy.yaml" in LAID["places"]()
    assert [path for path in LAID["places"]() if path.suffix in (".db", ".jwk")] == []


def test_an_image_is_built_of_every_file_that_comes_along() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")
    }
    for each in (*LAID["FOLDERS"], *LAID["FILES"]):
        assert let_in & {each, each.partition("/")[0], f"*{PurePath(each).suffix}"}, each

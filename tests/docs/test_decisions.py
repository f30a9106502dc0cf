"""Decision records: numbered without gaps, of one form, in the index."""

import re
from pathlib import Path

import pytest
from tests.docs.reading import ROOT

FOLDER = ROOT / "docs" / "decisions"
FILES = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "README.md").read_text("utf-8")


def test_numbers_have_no_gap_and_no_twin() -> None:
    assert [int(path.name[:4]) for path in FILES] == list(range(1, len(FILES) + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_record_has_title_date_and_four_sections(path: Path) -> None:
    text = path.read_text("utf-8")
    number, title = int(path.name[:4]), text.splitlines()[0].partition(". ")[2]
    assert text.startswith(f"# {number}. {title}\n\n")
    assert re.match(r"\d{1,2} [A-Z][a-z]+ \d{4}$", text.splitlines()[2])
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]
    assert INDEX.count(f"| {number} | [{title}]({path.name}) |") == 1

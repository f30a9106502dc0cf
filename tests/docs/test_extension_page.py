"""``docs/extension.md`` names files of the extension that exist."""

from tests.docs.reading import ROOT, spans, table

TEXT = (ROOT / "docs" / "extension.md").read_text("utf-8")


def test_each_part_of_the_extension_is_where_it_is_said_to_be() -> None:
    files = [file for row in table(TEXT, "in the extension") for file in spans(row["file"])]
    assert files
    assert [file for file in files if not (ROOT / "extension" / file).exists()] == []

"""``docs/extension.md`` names files of the extension that exist."""

import re

from tests.docs.reading import ROOT

TEXT = (ROOT / "docs" / "extension.md").read_text("utf-8")


def test_each_part_of_the_extension_is_where_it_is_said_to_be() -> None:
    files = re.findall(r"`([a-z]+/[a-z.]*)`", TEXT.partition("## Working on it")[2])
    assert files
    assert [file for file in files if not (ROOT / "extension" / file).exists()] == []

import os
from pathlib import Path

import pytest

from mailgate.config.files import Reading, stamp_of
from mailgate.errors import ConfigError


def test_everything_is_read_before_anything_is_raised(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "double.yaml").write_text("a: 1\na: 2")
    (tmp_path / "folder.yaml").mkdir()
    reading = Reading()
    documents = [
        reading.document(tmp_path / f"{name}.yaml")
        for name in ("bad", "double", "folder", "gone", "a\0b", "n" * 400)
    ]
    assert [document is not None for document in documents] == [False, True, False, False, False, False]
    with pytest.raises(ConfigError) as caught:
        reading.finish()
    assert len(caught.value.mistakes) == 6
    assert len(reading.paths) == 6


def test_a_file_that_was_written_or_replaced_has_another_stamp(tmp_path):
    file = tmp_path / "apps.yaml"
    assert stamp_of(file) is None
    file.write_text("one")
    first = stamp_of(file)
    assert stamp_of(file) == first
    file.write_text("three")
    written = stamp_of(file)
    (tmp_path / "new").write_text("seven")
    os.utime(tmp_path / "new", ns=(written[1], written[1]))
    (tmp_path / "new").rename(file)
    assert len({first, written, stamp_of(file)}) == 3

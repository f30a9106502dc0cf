from pathlib import Path

import pytest

from mailgate.config.files import Reading
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

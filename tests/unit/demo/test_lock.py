"""The lock: one demo a folder."""

from pathlib import Path

import pytest

from mailgate.demo.lock import TakenError, locked_folder


def test_a_second_demo_in_a_folder_is_refused_and_another_folder_is_free(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "demo"):
        with pytest.raises(TakenError, match="--directory"), locked_folder(tmp_path / "demo"):
            pytest.fail("two demos in one folder")
        with locked_folder(tmp_path / "other"):
            pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_folder(tmp_path):
            pass

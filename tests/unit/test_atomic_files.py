"""Files that are whole under their name, or not there."""

import errno
import os
from pathlib import Path

import pytest

from mailgate import atomic_files as module
from mailgate.atomic_files import give_name, is_at, sync_folder, write_atomically, write_new


def broken_off(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_in_the_place_of_another(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in ("first", "second"):
        write_atomically(file, text, 0o600)
        assert (file.read_text(), file.stat().st_mode & 0o777) == (text, 0o600)
    assert [*tmp_path.iterdir()] == [file]


def test_a_broken_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, new = tmp_path / "file", tmp_path / "new"
    file.write_text("before")
    monkeypatch.setattr(module.os, "fsync", broken_off)  # all is written, and nothing is on the disk
    for write, path in ((write_atomically, file), (write_new, new)):
        with pytest.raises(OSError, match="No space left") as raised:
            write(path, "half")
        assert raised.value.filename == str(path)
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("before", [file])


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, file = tmp_path / "link", tmp_path / "elsewhere" / "file"
    file.write_text("before")
    link.symlink_to(file)
    write_atomically(link, "after")
    assert (link.is_symlink(), file.read_text()) == (True, "after")


def test_a_device_file_is_written_to_directly() -> None:
    write_atomically(Path(os.devnull), "text")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("refused", [None, errno.EPERM])
def test_a_new_file_replaces_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int | None
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(refused, "Operation not permitted")

    if refused:
        monkeypatch.setattr(module.os, "link", no_links)
    file = tmp_path / "file"
    write_new(file, "first", 0o600)
    assert (file.stat().st_mode & 0o777, file.stat().st_nlink) == (0o600, 1)
    with pytest.raises(FileExistsError) as raised:
        write_new(file, "second")
    assert (raised.value.filename, file.read_text(), [*tmp_path.iterdir()]) == (str(file), "first", [file])


def test_a_link_that_leads_nowhere_is_not_replaced_either(tmp_path: Path) -> None:
    draft, link = tmp_path / "draft", tmp_path / "link"
    draft.touch()
    link.symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        give_name(draft, link)


def test_other_faults_are_no_reason_to_rename(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        give_name(tmp_path / "draft", tmp_path / "file")


def test_an_opened_file_is_at_its_name_until_another_is(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    sync_folder(tmp_path)
    with file.open() as opened:
        assert is_at(file, opened.fileno())
        write_atomically(file, "another")
        assert not is_at(file, opened.fileno())
        file.unlink()
        assert not is_at(file, opened.fileno())

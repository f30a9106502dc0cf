"""Lines on disk."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from mailgate.store.spool import Spool, has_one_of


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "folder" / "lines.jsonl", limit=20)


def taken(spool: Spool) -> list[str]:
    with spool.take() as lines:
        return lines


def test_lines_come_back_once(spool: Spool) -> None:
    assert spool.append(["one", "twö"]) == 2
    assert spool.append(["three"]) == 1
    assert spool.waiting
    assert taken(spool) == ["one", "twö", "three"]
    assert not spool.waiting
    assert taken(spool) == []


def test_lines_stay_when_they_could_not_be_used(spool: Spool) -> None:
    spool.append(["one"])
    with suppress(RuntimeError), spool.take():
        spool.append(["two"])
        raise RuntimeError
    assert (taken(spool), taken(spool)) == (["one"], ["two"])


def test_a_full_spool_takes_whole_lines_only(spool: Spool) -> None:
    assert spool.append(["x" * 9, "y" * 9, "z"]) == 2
    assert spool.append(["z"]) == 0
    assert taken(spool) == ["x" * 9, "y" * 9]


def test_half_a_line_spoils_no_other(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "lines.jsonl").write_bytes(b"one\n{half")
    spool.append(["two"])
    assert taken(spool) == ["one", "{half", "two"]


def test_two_processes_never_take_the_same_lines(spool: Spool, tmp_path: Path) -> None:
    other = Spool(tmp_path / "folder" / "lines.jsonl", limit=20)
    spool.append(["one"])
    with spool.take() as lines:
        assert lines == ["one"]
        other.append(["two"])
        assert taken(other) == []
    assert taken(other) == ["two"]


def test_only_the_owner_can_read(spool: Spool, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        spool.append(["one"])
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "folder" / "lines.jsonl").stat().st_mode & 0o777 == 0o600


def test_lines_about_somebody_are_taken_out_and_the_others_stay(spool: Spool, tmp_path: Path) -> None:
    assert spool.forget(lambda line: True) == 0
    spool.append(["ada", "lin"])
    with suppress(RuntimeError), spool.take():
        raise RuntimeError  # which leaves them set aside
    spool.append(["ada", "bo"])
    old = [path.open("rb") for path in (tmp_path / "folder").iterdir()]
    assert spool.forget(lambda line: line == "ada") == 2
    assert not any(each.read().strip(b"\0") for each in old), "what is only unlinked could still be read"
    for each in old:
        each.close()
    assert (taken(spool), taken(spool)) == (["lin"], ["bo"])
    spool.append(["ada"])
    assert spool.forget(lambda line: line == "ada") == 1
    assert not spool.waiting


def test_waiting_lines_are_counted_whoever_wrote_them(spool: Spool, tmp_path: Path) -> None:
    other = Spool(tmp_path / "folder" / "lines.jsonl", limit=20)
    assert spool.count() == 0
    other.append(["one", "two"])
    assert (spool.count(), spool.count()) == (2, 2)
    with spool.take():
        other.append(["three"])
        assert (spool.count(), other.count()) == (3, 3)
    assert (spool.count(), other.count()) == (1, 1)
    other.forget(lambda line: line == "three")
    assert (spool.count(), other.count()) == (0, 0)


def test_a_file_in_place_of_another_is_counted_anew(spool: Spool, tmp_path: Path) -> None:
    """Also if the system gives it the number of the one before, and it is as long."""
    path = tmp_path / "folder" / "lines.jsonl"
    spool.append(["one", "two"])
    assert spool.count() == 2
    path.write_bytes(b"one\ntwo\nthree\n")
    assert spool.count() == 3
    path.write_bytes(b"a long line\n")
    assert spool.count() == 1


def test_files_that_cannot_be_read_count_as_before(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.append(["one"])
    assert spool.count() == 1

    def refused(*_asked: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refused)
    assert spool.count() == 1


@pytest.mark.parametrize(
    ("line", "about"),
    [
        (json.dumps(["alice", 1]), True),
        (json.dumps([["x", {"owner": "ALICE"}]]), True),
        (json.dumps({"alice": 1}), False),
        (json.dumps(["alice-2", "not alice"]), False),
        ('["alic', True),
        (json.dumps([1, None, ""]), False),
    ],
)
def test_a_line_is_about_a_word_that_is_one_of_its_texts(line: str, about: bool) -> None:
    assert has_one_of(["Alice", ""])(line) is about

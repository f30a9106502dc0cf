"""Lines that a thread writes, and that are lost rather than waited for."""

import io
import sys

import pytest
from structlog.testing import capture_logs

from mailgate.gateway.observe.lines import Lines, to_file, to_standard_error


class Disk:
    """Takes lines, unless it is full."""

    def __init__(self):
        self.lines, self.full = [], False

    def __call__(self, lines):
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines += lines


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def lost():
    return []


def test_lines_are_written_in_their_order(disk, lost):
    lines = Lines("access", disk, lost.append)
    for number in range(2500):
        lines.put(b"%d\n" % number)
    assert lines.write()
    assert disk.lines == [b"%d\n" % number for number in range(2500)]
    assert lost == []


def test_what_cannot_be_written_waits_and_is_said_once(disk, lost):
    lines, disk.full = Lines("access", disk, lost.append), True
    lines.put(b"1\n")
    with capture_logs() as logs:
        assert not lines.write()
        assert not lines.write()
    assert [(line["event"], line["log"], line["why"]) for line in logs] == [
        ("lines-not-written", "access", "No space left on device")
    ]
    disk.full = False
    lines.put(b"2\n")
    assert lines.write()
    assert disk.lines == [b"1\n", b"2\n"]


def test_what_there_is_no_room_for_is_lost_and_counted(disk, lost):
    lines = Lines("access", disk, lost.append, room=2)
    for number in range(5):
        lines.put(b"%d\n" % number)
    assert sum(lost) == 3
    lines.write()
    assert disk.lines == [b"0\n", b"1\n"]


def test_at_the_end_what_waits_is_written_and_the_rest_counted(disk, lost):
    lines = Lines("access", disk, lost.append)
    lines.start()
    lines.put(b"1\n")
    lines.finish()
    assert disk.lines == [b"1\n"]

    lines, disk.full = Lines("access", disk, lost.append), True
    lines.put(b"2\n")
    with capture_logs():
        lines.start()
        lines.finish()
    assert lost == [1]


def test_a_file_is_added_to_closed_to_others_and_may_be_moved_away(tmp_path):
    path = tmp_path / "log" / "access.log"
    write = to_file(path)
    write([b"1\n", b"2\n"])
    path.rename(tmp_path / "access.log.1")
    write([b"3\n"])
    assert (tmp_path / "access.log.1").read_text() == "1\n2\n"
    assert path.read_text() == "3\n"
    assert path.stat().st_mode & 0o007 == 0


def test_standard_error_gets_one_line_at_a_time(monkeypatch):
    written = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "write", written.append)
    to_standard_error([b"1\n", b"2\n"])
    assert written == ["1\n", "2\n"]

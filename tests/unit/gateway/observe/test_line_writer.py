"""Lines that a thread writes, and that are lost rather than waited for."""

import errno
import io
import os
import posix
import sys

import pytest
from structlog.testing import capture_logs

from mailgate.gateway.observe.line_writer import (
    CutShortError,
    LineWriter,
    to_file,
    to_standard_error,
    to_syslog,
)


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
    lines = LineWriter("access", disk, lost.append)
    for number in range(2500):
        lines.put(b"%d\n" % number)
    assert lines.write()
    assert disk.lines == [b"%d\n" % number for number in range(2500)]
    assert lost == []


def test_lines_that_cannot_be_written_wait_and_are_reported_once(disk, lost):
    lines, disk.full = LineWriter("access", disk, lost.append), True
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


def test_lines_beyond_the_limit_are_lost_and_counted(disk, lost):
    lines = LineWriter("access", disk, lost.append, max_queued=2)
    for number in range(5):
        lines.put(b"%d\n" % number)
    assert sum(lost) == 3
    lines.write()
    assert disk.lines == [b"0\n", b"1\n"]


def test_the_end_writes_waiting_lines_and_counts_the_rest(disk, lost):
    lines = LineWriter("access", disk, lost.append)
    lines.start()
    lines.put(b"1\n")
    lines.finish()
    assert disk.lines == [b"1\n"]

    lines, disk.full = LineWriter("access", disk, lost.append), True
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


def test_lines_before_the_one_that_failed_are_not_written_again(lost):
    written, failing = [], True

    def way(lines):
        written.extend(lines[:2] if failing else lines)
        if failing:
            raise CutShortError(2, OSError(28, "No space left on device"))

    lines = LineWriter("access", way, lost.append)
    for number in range(4):
        lines.put(b"%d\n" % number)
    with capture_logs():
        assert not lines.write()
    failing = False
    assert lines.write()
    assert (written, lost) == ([b"0\n", b"1\n", b"2\n", b"3\n"], [])


def test_a_line_that_is_too_long_is_lost_alone(lost):
    written = []

    def way(lines):
        for number, line in enumerate(lines):
            if len(line) > 5:
                raise CutShortError(number, OSError(errno.EMSGSIZE, "Message too long"))
            written.append(line)

    lines = LineWriter("events", way, lost.append)
    for line in (b"1\n", b"too long\n", b"2\n"):
        lines.put(line)
    with capture_logs() as logs:
        assert lines.write()
    assert (written, lost) == ([b"1\n", b"2\n"], [1])
    assert [line["why"] for line in logs] == ["Message too long"]


def test_a_line_cut_by_a_full_disk_is_written_again_whole(tmp_path, monkeypatch):
    path, write, room = tmp_path / "access.log", to_file(tmp_path / "access.log"), 7
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:room]))
    real = posix.write
    with pytest.raises(CutShortError) as cut:
        write([b"one\n", b"two\n", b"six\n"])
    assert (cut.value.written, cut.value.errno) == (1, errno.ENOSPC)
    with pytest.raises(CutShortError) as cut:
        write([b"two\n", b"six\n"])
    assert cut.value.written == 1
    room = 99
    write([b"six\n"])
    assert path.read_text() == "one\ntwo\ntwo\nsi\nsix\n"


def test_syslog_gets_a_datagram_a_line_and_says_how_far_it_came(monkeypatch):
    sent = []

    class Socket(io.BytesIO):
        def connect(self, place):
            assert place == "/dev/log"

        def send(self, data):
            if b"long" in data:
                raise OSError(errno.EMSGSIZE, "Message too long")
            sent.append(data)

    monkeypatch.setattr("socket.socket", lambda *_: Socket())
    write = to_syslog("/dev/log", 85)
    with pytest.raises(CutShortError) as cut:
        write([b"1\n", b"2\n", b"long\n", b"3\n"])
    assert (cut.value.written, cut.value.errno) == (2, errno.EMSGSIZE)
    assert sent == [b"<85>mailgate: 1", b"<85>mailgate: 2"]


def test_standard_error_gets_one_line_at_a_time(monkeypatch):
    written = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "write", written.append)
    to_standard_error([b"1\n", b"2\n"])
    assert written == ["1\n", "2\n"]

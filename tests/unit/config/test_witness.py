"""Where the head of the audit log is noted."""

from pathlib import Path

from tests.unit.config.test_admins import loaded

from mailgate.config.addresses import Address, SocketFile


def test_a_file_and_syslog_are_read(tmp_path: Path) -> None:
    own = loaded(tmp_path, {}, witness={"file": "heads.log", "syslog": "unix:/dev/log"}).witness
    assert own is not None
    assert (own.file, own.syslog) == (tmp_path / "heads.log", SocketFile(Path("/dev/log")))
    far = loaded(tmp_path, {}, witness={"syslog": "logs.example.com:514"}).witness
    assert far is not None
    assert (far.file, far.syslog) == (None, Address("logs.example.com", 514))

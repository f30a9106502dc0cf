"""What is told of requests and of the audit log, and to whom."""

from pathlib import Path

import pytest
from tests.unit.config.test_admins import loaded

from mailgate.config import Address
from mailgate.config.observing import EventSettings
from mailgate.config.values import SocketFile


@pytest.mark.parametrize("way", [{"file": "events.log"}, {"syslog": "unix:/dev/log"}])
def test_events_go_to_a_file_or_to_syslog(tmp_path: Path, way: dict[str, str]) -> None:
    events = loaded(tmp_path, {}, events=way).events
    assert events is not None
    assert (events.file is None, events.syslog is None) == ("file" not in way, "syslog" not in way)


def test_events_that_go_nowhere_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="the events have no destination"):
        EventSettings()


def test_a_file_and_syslog_witness_the_log(tmp_path: Path) -> None:
    own = loaded(tmp_path, {}, witness={"file": "heads.log", "syslog": "unix:/dev/log"}).witness
    assert own is not None
    assert (own.file, own.syslog) == (tmp_path / "heads.log", SocketFile(Path("/dev/log")))
    far = loaded(tmp_path, {}, witness={"syslog": "logs.example.com:514"}).witness
    assert far is not None
    assert (far.file, far.syslog) == (None, Address("logs.example.com", 514))

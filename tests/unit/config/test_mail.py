from pathlib import Path

import pytest
from tests.unit.config.minimal import MINIMAL

from mailgate.config import Address, load_settings
from mailgate.config.mail import NoticeSettings
from mailgate.errors import ConfigError

NOTICES = "notices: {%s, sender: it-help@example.com, domain: example.com}\n"


def read(folder: Path, text: str) -> NoticeSettings:
    (folder / "mailgate.yaml").write_text(MINIMAL + NOTICES % text)
    notices = load_settings(folder / "mailgate.yaml", {"PASSWORD": "hunter2"}).notices
    assert notices is not None
    return notices


def test_mails_go_to_a_server_or_a_folder(tmp_path: Path) -> None:
    by_smtp = read(tmp_path, "smtp: 'smtp.example.com:587', username: gate, password: {env: PASSWORD}")
    assert (by_smtp.smtp, by_smtp.security, by_smtp.rate) == (
        Address("smtp.example.com", 587),
        "starttls",
        300,
    )
    assert "hunter2" not in repr(by_smtp)
    assert read(tmp_path, "outbox: var/out, rate: 60").outbox == tmp_path / "var/out"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("rate: 60", "set exactly one of them"),
        ("smtp: 'a:25', outbox: out", "set exactly one of them"),
        ("smtp: 'a:25', username: gate", "`username` and `password` go together"),
        ("smtp: 'a:25', rate: 0", "`0` is out of range"),
        ("outbox: 'https://a/'", "not a path; use one"),
    ],
)
def test_mistakes_about_mail_are_said(tmp_path: Path, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        read(tmp_path, text)

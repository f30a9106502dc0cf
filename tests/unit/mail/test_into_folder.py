from email.message import EmailMessage
from pathlib import Path

import pytest

from mailgate.mail.into_folder import IntoFolder
from mailgate.mail.way import LaterError, WayDownError


def mail() -> EmailMessage:
    made = EmailMessage()
    made["To"] = "ada@example.com"
    made.set_content("grüß dich\n")
    return made


async def test_a_mail_is_seen_only_when_it_is_whole(tmp_path: Path) -> None:
    way = IntoFolder(tmp_path / "out")
    assert await way.was_taken("k") is None
    await way.offer(mail(), "k")
    assert list((tmp_path / "out").glob("*.eml")) == []
    assert await way.was_taken("k") is False
    await way.hand_over("k")
    assert await way.was_taken("k") is True
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["k.eml"]
    assert b"\r\n" in (tmp_path / "out" / "k.eml").read_bytes()
    await way.close()


async def test_a_mail_that_is_called_back_leaves_nothing(tmp_path: Path) -> None:
    way = IntoFolder(tmp_path)
    await way.offer(mail(), "k")
    await way.call_back("k")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LaterError):
        await way.hand_over("k")


async def test_a_folder_that_cannot_be_written_takes_no_mail(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(WayDownError):
        await IntoFolder(tmp_path / "out").offer(mail(), "k")

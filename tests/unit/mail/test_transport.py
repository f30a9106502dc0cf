from email.message import EmailMessage
from pathlib import Path

import pytest

from mailgate.mail.transport import DeferredError, FolderTransport, TransportDownError


def mail() -> EmailMessage:
    made = EmailMessage()
    made["To"] = "ada@example.com"
    made.set_content("grüß dich\n")
    return made


async def test_a_mail_is_seen_only_when_it_is_whole(tmp_path: Path) -> None:
    way = FolderTransport(tmp_path / "out")
    assert await way.was_delivered("k") is None
    await way.prepare(mail(), "k")
    assert list((tmp_path / "out").glob("*.eml")) == []
    assert await way.was_delivered("k") is False
    await way.commit_delivery("k")
    assert await way.was_delivered("k") is True
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["k.eml"]
    assert b"\r\n" in (tmp_path / "out" / "k.eml").read_bytes()
    await way.close()


async def test_a_mail_that_is_called_back_leaves_nothing(tmp_path: Path) -> None:
    way = FolderTransport(tmp_path)
    await way.prepare(mail(), "k")
    await way.abort("k")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DeferredError):
        await way.commit_delivery("k")


async def test_a_folder_that_cannot_be_written_takes_no_mail(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TransportDownError):
        await FolderTransport(tmp_path / "out").prepare(mail(), "k")

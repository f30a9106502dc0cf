"""A gate that sends: who is written to, what is counted and logged, and what it does while nothing goes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, rules
from tests.unit.rollout.versions import last_entry, put_in_force
from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail

from mailgate.app import mails
from mailgate.app.mails import MAX_PAUSE, MailSender, mail_way_for
from mailgate.config.mail import NoticeSettings
from mailgate.mail.transport import FolderTransport, SmtpTransport, TransportDownError
from mailgate.model import Kind, Reason
from mailgate.model.notice import MailKind, Notice, NoticeDevice
from mailgate.store import Store

DEVICE = NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",))
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
NOTICE = Notice(MailKind.ENFORCED, "fr", devices=(DEVICE,))


@pytest.fixture
async def store(store: Store) -> Store:
    await put_in_force(store, rules(OPEN))
    return store


def notices(folder: Path) -> NoticeSettings:
    return NoticeSettings.model_construct(
        smtp=None, outbox=folder, sender="it-help@example.com", domain="example.com", rate=100_000
    )


def sending(store: Store, bundle, folder: Path | None) -> tuple[MailSender, CollectorRegistry]:
    settings = bundle().settings.model_copy(update={"notices": notices(folder) if folder else None})
    registry = CollectorRegistry()
    return MailSender(store, lambda: replace(bundle(), settings=settings), registry), registry  # type: ignore[arg-type,return-value]


async def test_queued_mails_are_sent_and_counted_without_a_name(store: Store, bundle, tmp_path: Path) -> None:
    await store.mails.queue([a_mail(name, notice=NOTICE, queued_at=EARLIER) for name in ("ada", "lin")])
    gate, registry = sending(store, bundle, tmp_path / "out")
    with capture_logs() as lines:
        await gate.poll()
        await gate.poll()
    assert len(list((tmp_path / "out").glob("*.eml"))) == 2
    assert [line["event"] for line in lines] == ["notice-sent"] * 2
    assert "example.com" not in json.dumps(lines)
    assert registry.get_sample_value("mailgate_notices_total", {"kind": "enforced", "state": "sent"}) == 2
    last = await last_entry(store)
    assert (last.who, last.what, json.loads(last.details)) == ("gate", "notices-sent", {"sent": 2})


async def test_a_gate_starts_the_notices_of_its_rules_by_itself_and_once(
    store: Store, bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "utc_now", lambda: NOW)
    files = rules("rules: [{id: app, when: 'client.handheld', effect: block, notice: {send: on_dates}}]")
    await put_in_force(store, files)
    await people.know(store, files.policy, [people.phone(1, owner="ada")])
    gate, registry = sending(store, lambda: replace(bundle(), rules=files), tmp_path / "out")
    for _ in range(2):
        await gate.poll()
    assert len(list((tmp_path / "out").glob("*.eml"))) == 1
    assert registry.get_sample_value("mailgate_notices_total", {"kind": "enforced", "state": "sent"}) == 1


async def test_without_settings_nothing_goes(store: Store, bundle) -> None:
    await store.mails.queue([a_mail(notice=NOTICE, queued_at=EARLIER)])
    gate, _ = sending(store, bundle, None)
    await gate.poll()
    assert await store.mails.has_work(EARLIER)


async def test_a_transport_that_is_down_is_said_once_and_tried_more_rarely(
    store: Store, bundle, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    await store.mails.queue([a_mail(notice=NOTICE, queued_at=EARLIER)])
    gate, registry = sending(store, bundle, tmp_path / "file")
    with capture_logs() as lines:
        for _ in range(12):
            with pytest.raises(TransportDownError) as caught:
                await gate.poll()
            gate._is_down(str(caught.value))
    assert [line["event"] for line in lines] == ["notices-down"]
    assert gate._rest == MAX_PAUSE
    assert registry.get_sample_value("mailgate_notices_down_total") == 12


def test_the_way_is_a_server_or_a_folder(tmp_path: Path) -> None:
    settings = notices(tmp_path)
    assert isinstance(mail_way_for(settings), FolderTransport)
    smtp = SimpleNamespace(host="smtp.example.com", port=25)
    named = {"outbox": None, "smtp": smtp, "password": None, "security": "none", "username": None}
    assert isinstance(mail_way_for(settings.model_copy(update=named)), SmtpTransport)

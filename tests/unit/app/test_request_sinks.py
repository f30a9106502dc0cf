"""Who is told of requests, by the settings."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from tests.unit.clock import Clock
from tests.unit.gateway.gates import gate
from tests.unit.gateway.wire import exchange
from tests.unit.store.examples import NOW
from tests.unit.store.test_audit import ACT, tamper

from mailgate.app import preflight, request_sinks
from mailgate.app.request_sinks import (
    NOTE_AGAIN_AFTER,
    RETRY_AFTER,
    AuditEvents,
    AuditWitness,
    RequestSinks,
    syslog_at,
)
from mailgate.app.workers.listeners import ALONE
from mailgate.config.observing import (
    AccessLogSettings,
    EventSettings,
    LogSettings,
    TraceSettings,
    WitnessSettings,
)
from mailgate.console.audit.facts import heads_in
from mailgate.store import Store


def settings(access: AccessLogSettings | None) -> SimpleNamespace:
    return SimpleNamespace(log=LogSettings(access=access), events=None)


@pytest.fixture
def to_file(tmp_path: Path) -> SimpleNamespace:
    return settings(AccessLogSettings.model_construct(file=tmp_path / "access.log", include=()))


async def test_nobody_is_told_by_default() -> None:
    on = gate()
    observing = RequestSinks(on, ALONE)
    observing.take(settings(None))
    assert on.requests.others == ()
    await observing.stop()


async def test_an_access_log_is_begun_and_ended_by_a_reload(tmp_path: Path, to_file: SimpleNamespace) -> None:
    on = gate()
    observing = RequestSinks(on, ALONE)
    observing.take(settings(None))
    observing.take(to_file)
    on.requests.request_finished(exchange())
    same = on.requests.others
    observing.take(to_file)
    assert on.requests.others is same
    await observing.stop()
    (line,) = (tmp_path / "access.log").read_text().splitlines()
    assert json.loads(line)["event"] == "request"
    observing.take(settings(None))
    assert on.requests.others == ()


async def test_lost_log_lines_are_counted_from_the_start(to_file: SimpleNamespace) -> None:
    on = gate()
    observing = RequestSinks(on, ALONE)
    observing.take(to_file)
    assert on.metrics.registry.get_sample_value("mailgate_log_lines_lost_total", {"log": "access"}) == 0
    await observing.stop()


async def test_acts_that_come_at_the_end_are_left_for_the_next_start(tmp_path: Path) -> None:
    events = EventSettings.model_construct(
        file=tmp_path / "events", syslog=None, audit=True, decisions="none", include=()
    )
    observing = RequestSinks(gate(), ALONE)
    observing.take(SimpleNamespace(log=LogSettings(), events=events, public_url="https://mail.example.com"))
    assert observing.audit is not None
    observing.audit(b"{}\n")
    await observing.stop()
    assert observing.audit is None
    assert (tmp_path / "events").read_text() == "{}\n"


@pytest.mark.parametrize(
    ("written", "place"), [("unix:/dev/log", "/dev/log"), ("logs.example.com:514", ("logs.example.com", 514))]
)
def test_the_address_of_syslog_is_a_path_or_a_host(written: str, place: object) -> None:
    assert syslog_at(EventSettings.model_validate({"syslog": written}).syslog) == place


def test_nobody_is_traced_by_default() -> None:
    assert request_sinks.tracing_for(SimpleNamespace(traces=None), gate().in_force, gate().requests) is None


@pytest.mark.parametrize("there", [True, False])
def test_settings_that_ask_for_traces_need_the_extra(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "can_trace", lambda: there)
    faults = list(preflight._traces(SimpleNamespace(traces=TraceSettings(endpoint="http://127.0.0.1:4318"))))
    assert faults == ([] if there else [(("traces",), request_sinks.MISSING)])


def test_without_the_extra_it_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(request_sinks, "find_spec", missing)
    assert not request_sinks.can_trace()
    monkeypatch.setattr(request_sinks, "find_spec", lambda _: Path())
    assert request_sinks.can_trace()


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def position(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "audit-told"


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["metadata"]["sequence"] for line in lines]


async def test_acts_are_told_from_when_somebody_wants_them(
    store: Store, lines: list[bytes], position: Path
) -> None:
    await store.audit.append(ACT)
    events = AuditEvents(store.audit, position, lambda: lines.append)
    await events.poll()
    for _ in range(3):
        await store.audit.append(ACT)
    await events.poll()
    await events.poll()
    assert numbers(lines) == [2, 3, 4]


async def test_acts_from_while_no_gate_ran_are_told_afterwards(
    store: Store, lines: list[bytes], position: Path
) -> None:
    await AuditEvents(store.audit, position, lambda: lines.append).poll()
    for _ in range(2):
        await store.audit.append(ACT)
    await AuditEvents(store.audit, position, lambda: lines.append).poll()
    assert numbers(lines) == [1, 2]


async def test_a_log_that_was_restored_is_told_anew(store: Store, lines: list[bytes], position: Path) -> None:
    position.parent.mkdir()
    position.write_text("900\n")
    await store.audit.append(ACT)
    events = AuditEvents(store.audit, position, lambda: lines.append)
    await events.poll()
    await events.poll()
    assert numbers(lines) == [1]


async def test_a_running_gate_tells_a_restored_log_anew_and_an_act_once_while_its_place_cannot_be_kept(
    store: Store, url: str, lines: list[bytes], position: Path
) -> None:
    events = AuditEvents(store.audit, position, lambda: lines.append)
    await events.poll()
    shutil.rmtree(position.parent)
    position.parent.write_text("no folder")
    for _ in range(2):
        await store.audit.append(ACT)
        with pytest.raises(OSError):
            await events.poll()
    position.parent.unlink()
    await events.poll()
    assert (numbers(lines), position.read_text()) == ([1, 2], "2\n")
    tamper(url, "DELETE FROM audit", "UPDATE audit_head SET number = 0, digest = ''")
    await store.audit.append(ACT)
    await events.poll()
    assert numbers(lines) == [1, 2, 1]


async def test_acts_go_to_whom_a_reload_names_while_they_are_read(
    store: Store, lines: list[bytes], position: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants, page = [list[bytes]()], store.audit.page
    events = AuditEvents(store.audit, position, lambda: wants[-1].append)
    await events.poll()
    await store.audit.append(ACT)
    monkeypatch.setattr(store.audit, "page", lambda after: wants.append(lines) or page(after))
    await events.poll()
    assert (numbers(lines), wants[0]) == ([1], [])


async def test_without_an_audience_no_act_is_told(store: Store, position: Path) -> None:
    await store.audit.append(ACT)
    await AuditEvents(store.audit, position, lambda: None).poll()
    assert not position.exists()


@pytest.fixture
def clock():
    return Clock(NOW)


def told(logs):
    return [(line["event"], line.get("head", "")) for line in logs]


async def test_each_act_and_each_day_has_its_line(store: Store, clock: Clock) -> None:
    witness = AuditWitness(store.audit, lambda: None, clock)
    with capture_logs() as logs:
        await witness.poll()
        await witness.poll()
        entry = await store.audit.append(ACT)
        await witness.poll()
        clock.now += NOTE_AGAIN_AFTER - timedelta(seconds=1)
        await witness.poll()
        clock.now += timedelta(seconds=1)
        await witness.poll()
    assert told(logs) == [("audit-head", "0:"), *[("audit-head", str(entry.head))] * 2]


async def test_a_file_gets_a_line_for_each_and_keeps_those_before(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "heads"
    path.write_text("what was there\n")
    witness = AuditWitness(
        store.audit, lambda: WitnessSettings.model_construct(file=path, syslog=None), clock
    )
    heads = []
    for _ in range(3):
        heads.append((await store.audit.append(ACT)).head)
        await witness.poll()
    assert [*heads_in(path)] == heads
    assert path.read_text().startswith("what was there\n2026-12-01T12:00:00+00:00 audit-head 1:")


async def test_a_file_that_cannot_be_written_is_said_and_tried_again(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "not-yet"
    settings = WitnessSettings.model_construct(file=folder / "heads", syslog=None)
    witness = AuditWitness(store.audit, lambda: settings, clock)
    await store.audit.append(ACT)
    with capture_logs() as logs:
        await witness.poll()
        await witness.poll()
    assert [line["event"] for line in logs] == ["audit-head", "witness-failed"]
    folder.mkdir()
    clock.now += RETRY_AFTER
    await witness.poll()
    assert len([*heads_in(folder / "heads")]) == 1


@pytest.mark.parametrize("left", [1, 3])
async def test_a_log_that_was_cut_or_written_anew_meanwhile_is_an_error(
    store: Store, url: str, clock: Clock, left: int
) -> None:
    witness = AuditWitness(store.audit, lambda: None, clock)
    for _ in range(3):
        await store.audit.append(ACT)
    await witness.poll()
    first = (await store.audit.page())[0]
    tamper(
        url,
        "DELETE FROM audit WHERE number > 1",
        f"UPDATE audit_head SET number = 1, digest = '{first.digest}'",
    )
    for number in range(1, left):
        await store.audit.append(ACT.__class__(NOW, "eve", "tried", str(number)))
    with capture_logs() as logs:
        await witness.poll()
        await witness.poll()
    assert [line["event"] for line in logs] == ["audit-rewritten", "audit-head"]

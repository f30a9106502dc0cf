"""Who is told of requests, by the settings."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.gateway.gates import gate
from tests.unit.gateway.wire import exchange

from mailgate.app import preflight, request_sinks
from mailgate.app.request_sinks import RequestSinks, syslog_at
from mailgate.app.workers.listeners import ALONE
from mailgate.config.observing import AccessLogSettings, EventSettings, LogSettings, TraceSettings


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
    ("written", "place"),
    [("unix:/dev/log", "/dev/log"), ("logs.example.com:514", ("logs.example.com", 514))],
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

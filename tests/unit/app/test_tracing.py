"""Traces where they are asked for and can be had."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.gateway.gates import gate

from mailgate.app import preflight, tracing
from mailgate.config.observing import TraceSettings


def test_nobody_is_traced_by_default() -> None:
    assert tracing.tracing_for(SimpleNamespace(traces=None), gate().in_force) is None


@pytest.mark.parametrize("there", [True, False])
def test_settings_that_ask_for_traces_need_the_extra(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "can_trace", lambda: there)
    faults = list(preflight._traces(SimpleNamespace(traces=TraceSettings(endpoint="http://127.0.0.1:4318"))))
    assert faults == ([] if there else [(("traces",), tracing.MISSING)])


def test_without_the_extra_it_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(tracing, "find_spec", missing)
    assert not tracing.can_trace()
    monkeypatch.setattr(tracing, "find_spec", lambda _: Path())
    assert tracing.can_trace()

"""Traces, if the settings ask for them. The extra ``otel`` installs what makes them."""

import os
import secrets
from importlib.util import find_spec
from socket import gethostname
from typing import TYPE_CHECKING

from mailgate.config import Settings

if TYPE_CHECKING:  # commands that only check whether traces can be made load no gate
    from mailgate.gateway.live import InForce
    from mailgate.gateway.observe.tracing import Tracing

MISSING = "the extra `otel` is not installed; expected `pip install 'mailgate[otel]'`"


def can_trace() -> bool:
    """Whether the extra is installed."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def tracing_for(settings: Settings, in_force: "InForce") -> "Tracing | None":
    """The tracing of these settings; None if they have none."""
    if settings.traces is None:
        return None
    from mailgate.gateway.http1.trusted_headers import is_proxy
    from mailgate.gateway.observe.traces import TraceSettings, otlp_traces  # needs the extra `otel`

    traces = settings.traces
    told = TraceSettings(
        traces.share, traces.include, settings.public_url, settings.upstream, f"{gethostname()}-{os.getpid()}"
    )
    return otlp_traces(
        traces.endpoint, told, secrets.randbits, lambda peer: is_proxy(peer, in_force.live.trusted)
    )

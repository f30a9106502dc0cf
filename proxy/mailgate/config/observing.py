"""Settings of what is told of requests and of the audit log: to log files, a SIEM, traces and a witness."""

from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.addresses import ListenAnywhere, Origin
from mailgate.config.references import FilePlace
from mailgate.policy.apps import Strict
from mailgate.policy.stages import Share

ToldOfClients = Literal["path", "name", "address", "user_agent"]


class AccessLogSettings(Strict):
    """One JSON object a line for each request that is over. Left out: there is none."""

    file: FilePlace | None = None
    """A file that is added to, relative to the settings; standard error, like the other lines, if not given."""
    include: tuple[ToldOfClients, ...] = ()
    """What of the client itself is told in it."""


class EventSettings(Strict):
    """Decisions and acts of the audit log for a SIEM, each a JSON object of OCSF, to a file or to syslog."""

    file: FilePlace | None = None
    """A file that is added to, relative to the settings."""
    syslog: ListenAnywhere | None = None
    """Who takes syslog: ``unix:/dev/log``, or host and port, by UDP."""
    decisions: Literal["refused", "all", "none"] = "refused"
    """``refused``: those that kept somebody out, warned or challenged them."""
    audit: bool = True
    include: tuple[ToldOfClients, ...] = ()
    """What of the client itself is told in them."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.file or self.syslog):
            raise PydanticCustomError(
                "file", "nobody takes them; expected `file` or `syslog`", {"key": "file"}
            )
        return self


class TraceSettings(Strict):
    """Traces of requests, by OpenTelemetry. Left out: none, and ``traceparent`` is passed on as it came."""

    endpoint: Origin
    """Who takes OTLP over HTTP, like ``http://127.0.0.1:4318``."""
    share: Share = 1.0
    """Which part of the traces that begin here is told; of those that a trusted proxy began it says so itself."""
    include: tuple[ToldOfClients, ...] = ()
    """What of the client itself is told in them."""


class LogSettings(Strict):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    access: AccessLogSettings | None = None


class WitnessSettings(Strict):
    """Where the head of the audit log is noted at each entry and once a day, beside the gate's own log."""

    file: FilePlace | None = None
    """A file that only grows, relative to the settings. It is best kept from everybody who can write to the store."""
    syslog: ListenAnywhere | None = None
    """The receiver of syslog: ``unix:/dev/log``, or host and port, by UDP."""

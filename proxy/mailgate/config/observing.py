"""The settings for the records of requests and of the audit log: log files, a SIEM, traces and a witness."""

from typing import Literal, Self

from pydantic import model_validator

from mailgate.config.references import FilePath
from mailgate.config.values import ListenAnywhere, Origin
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Share, Strict

ClientDetail = Literal["path", "name", "address", "user_agent"]


class AccessLogSettings(Strict):
    """One JSON object per line for each finished request. If left out, there is none."""

    file: FilePath | None = None
    """A file to append to, relative to the settings; by default standard error, like the other lines."""
    include: tuple[ClientDetail, ...] = ()
    """The facts about the client to include."""


class EventSettings(Strict):
    """Decisions and audit entries for a SIEM, each a JSON object of OCSF, to a file or to syslog."""

    file: FilePath | None = None
    """A file to append to, relative to the settings."""
    syslog: ListenAnywhere | None = None
    """The receiver of syslog: ``unix:/dev/log``, or host and port, by UDP."""
    decisions: Literal["refused", "all", "none"] = "refused"
    """The decisions to send. ``refused`` stands for those that kept somebody out, warned them or challenged them."""
    audit: bool = True
    include: tuple[ClientDetail, ...] = ()
    """The facts about the client to include."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.file or self.syslog):
            message = "the events have no destination; set `file` or `syslog`"
            raise wrong_value("file", message, key="file")
        return self


class TraceSettings(Strict):
    """Traces of requests, by OpenTelemetry. If left out, ``traceparent`` is passed on as it came."""

    endpoint: Origin
    """The receiver of OTLP over HTTP, like ``http://127.0.0.1:4318``."""
    share: Share = 1.0
    """The part that is sent of the traces that begin here. For traces that a trusted proxy began, the proxy decides."""
    include: tuple[ClientDetail, ...] = ()
    """The facts about the client to include."""


class LogSettings(Strict):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    access: AccessLogSettings | None = None


class WitnessSettings(Strict):
    """Where the head of the audit log is noted with each entry and once a day, besides the gate's log."""

    file: FilePath | None = None
    """A file to append to, relative to the settings. It is best kept from everybody who can write to the store."""
    syslog: ListenAnywhere | None = None
    """The receiver of syslog: ``unix:/dev/log``, or host and port, by UDP."""

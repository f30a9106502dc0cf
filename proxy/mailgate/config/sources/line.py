"""One device in a company's own inventory: a line of a JSON lines file or of a POST, or a row of a CSV file."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from mailgate.config.references import FilePath
from mailgate.config.sources.every_source import EverySource, PostedSourceSettings
from mailgate.model import Compliance, Enrolment, Kind
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

Name = Annotated[str, StringConstraints(max_length=500)]
Thumbprint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""SHA-256 in base64url without padding, as ``x5t#S256`` (RFC 8705) has it."""


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        wrong = "too far in the past or the future; use a year from 1 to 9999"
        raise wrong_value("datetime_range", wrong) from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant that can be written in UTC; some near the years 1 and 9999 cannot."""

MAX_APPS = 5000


class InstalledApp(Strict):
    """One app on a device, with more than one fact about it."""

    id: Name = ""
    """Bundle identifier or package name."""
    name: Name = ""
    publisher: Name = ""


class DeviceLine(Strict):
    """One device. Apps that ``apps.yaml`` does not list are dropped while the line is read."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    """The inventory's own id of the device."""
    owner: Name = ""
    """The login name of the device's owner."""
    kind: Kind | None = None
    os: Name = ""
    os_version: Name = ""
    managed: bool | None = None
    status: Literal["none", "affirming", "warning", "contraindicated"] = "none"
    """The inventory's own verdict on the device: ``contraindicated`` is never clean."""
    serial: Name = ""
    udid: Name = ""
    directory: Name = ""
    """The device's id in the company's directory, such as Entra's."""
    eas_ids: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """The ActiveSync device ids."""
    certificates: Annotated[tuple[Thumbprint, ...], Field(max_length=20)] = ()
    """The thumbprints of TLS client certificates."""
    apps: Annotated[tuple[Name | InstalledApp, ...], Field(max_length=MAX_APPS)] | None = None
    """The identifiers or names of the installed apps; left out if the inventory does not know."""
    apps_complete: bool = False
    """Whether ``apps`` has every app on the device. If not, the device is never clean."""
    asked: Annotated[tuple[Name, ...], Field(max_length=MAX_APPS)] | None = None
    """The apps that were looked for, if not all: whatever else is listed is not seen to be absent."""
    enrolment: Enrolment = Enrolment.UNKNOWN
    """How the device is enrolled."""
    compliance: Compliance = Compliance.NONE
    """The verdict of the device's management."""
    compliance_at: Moment | None = None
    """When the device was judged."""
    reported_at: Moment | None = None
    """When the apps were looked at."""
    expires_at: Moment | None = None
    """When this expires, if that is sooner than ``posture.max_age``."""
    gone: bool = False
    """Whether the inventory no longer has the device."""

    @model_validator(mode="after")
    def _everything_has_its_time(self) -> Self:
        if self.apps is not None and self.reported_at is None:
            wrong = "`apps` needs `reported_at`; add the time when the apps were looked at"
            raise wrong_value("missing_time", wrong)
        if (self.compliance is Compliance.NONE) != (self.compliance_at is None):
            wrong = "`compliance` and `compliance_at` come together; set both or neither"
            raise wrong_value("missing_time", wrong)
        return self

    def looked_at(self) -> datetime | None:
        """When the apps were looked at; None if there are none."""
        return self.reported_at if self.apps is not None else None


class FileSettings(EverySource):
    """A file that others write. It is read when it changes, and at the interval ``every``."""

    type: Literal["file"]
    path: FilePath
    """The path of the file, CSV or JSON lines. It may be missing until it is first written."""
    format: Literal["csv", "jsonl"] | None = None
    """The format. By default CSV if the name ends in ``.csv``, otherwise JSON lines."""
    complete: bool = False
    """Whether it lists every device, so that a device that is no longer in it is gone."""

    def is_csv(self) -> bool:
        return self.format == "csv" or (self.format is None and self.path.suffix.casefold() == ".csv")


class PostSettings(PostedSourceSettings):
    """JSON lines or CSV, posted to ``/api/devices/NAME`` on the admin port."""

    type: Literal["post"]

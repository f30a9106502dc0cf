"""The report of an enrolled device about itself, and the claims of the gate's token for it, which vouches only for the key.

An attested app on the device is asked for the listed apps that have an id on its system and says yes or no to each that it can look for.
Where it can look is a profile of Android, which is a user of its own: no app sees into another one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mailgate.attest import passport
from mailgate.attest.hardware import ExpectedApp
from mailgate.attest.sealing import NONCE_LIFE
from mailgate.model import AppsReport
from mailgate.model.proofs import THUMBPRINT

Thumbprint = Annotated[str, StringConstraints(pattern=rf"^{THUMBPRINT}$")]
AppKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
MAX_VOUCHED = 4
"""For how many copies of itself an app may vouch: those of one phone."""


class Profile(StrEnum):
    """The profile of Android in which an app looks."""

    PERSONAL = "personal"
    WORK = "work"
    DEVICE = "device"
    """The only profile of a phone that the company manages as a whole."""
    OTHER = "other"
    """A second user, a private space or a clone of an app: beside the profile in which its person lives."""


class AppAnswers(BaseModel):
    """The answers as an app sends them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    question: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    profile: Annotated[Profile, Field(strict=False)]
    installed: Annotated[dict[AppKey, bool], Field(max_length=1000)]
    """Whether each app is there. One that the app cannot look for is left out, and stays unknown."""
    vouches_for: Annotated[tuple[Thumbprint, ...], Field(strict=False, max_length=MAX_VOUCHED)] = ()
    """The keys of its copies in other profiles of this phone, with which the copy in the work profile speaks over the system's bridge
    (``connectedWorkAndPersonalApp``)."""


@dataclass(frozen=True, slots=True)
class Reporters:
    """The apps that may answer for their devices, and how far they are believed."""

    apps: Mapping[str, ExpectedApp] = field(default_factory=dict)
    """By the format of the evidence with which they enrol."""
    accepts_unseen: bool = False
    """Whether the company accepts that nobody sees into a private space, a second user or a clone. Otherwise the answers of one profile
    make no device clean."""

    def look(self, answers: AppAnswers, now: datetime) -> AppsReport:
        """What the answers say of the device. An app looks just before it signs. Its clock proves nothing: whoever sets it ahead can hold the
        answers back for as long as their nonce counts."""
        here = frozenset(app for app, there in answers.installed.items() if there)
        whole = self.accepts_unseen and answers.profile in (Profile.PERSONAL, Profile.DEVICE)
        profile = "" if answers.profile is Profile.DEVICE else str(answers.profile)
        return AppsReport(here, whole, now, NONCE_LIFE, frozenset(answers.installed), profile)


Question = Mapping[str, Sequence[str]]
"""The ids of each listed app on the system of the app that is asked, by the keys in ``apps.yaml``."""


def digest_of(question: Question) -> str:
    """The digest by which answers name their question. It changes with each app and each id."""
    return sha256(json.dumps(question, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def as_sent(question: Question) -> dict[str, object]:
    return {"question": digest_of(question), "apps": dict(question)}


Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", max_length=64)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@{}-]+$", max_length=128)]

_HANDHELD_SYSTEMS = {"android": "phone", "ios": "phone", "ipados": "tablet"}
_COMPUTER_SYSTEMS = frozenset({"windows", "macos", "linux", "chromeos"})
_COMPUTER_FORMS = frozenset({"desktop"})
_ALONGSIDE: dict[str, Any] = {
    **dict.fromkeys(("platform", "browser", "install_type", "managed", "extension_version"), True),
    "machine": {"disk_encrypted", "screen_lock", "firewall"},
}
"""The fields of the report that the token repeats. Names of the machine and its place are none of them: the token is on every request."""
_NOT_KEPT = {"listed_extensions", "apps", "bearer"}
_VECTOR = {"instance-identity": 2, "configuration": 0}
"""The AR4SI vector: the instance is known, and nothing is confirmed about its configuration."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Browser(_Strict):
    name: Text
    version: Text = ""


class MachineClaims(_Strict):
    """What a helper on the computer (``deploy/native-host/``) or ChromeOS says of the machine. None is what it could not tell."""

    disk_encrypted: bool | None = None
    screen_lock: bool | None = None
    """Whether the screen locks by itself."""
    firewall: bool | None = None
    serial: Text = ""
    asset_id: Text = ""
    """The number that an admin gave the machine in ChromeOS's directory. The next two are from there as well."""
    location: Text = ""
    hostname: Text = ""


class SelfReport(_Strict):
    """The JSON object that a device sends. All of it is the device's own claim."""

    platform: Text = ""
    """The platform by the browser, like ``Linux armv8l``."""
    os: Literal["android", "chromeos", "ios", "ipados", "linux", "macos", "windows", "other"]
    os_version: Text = ""
    browser: Browser | None = None
    form_factors: Annotated[tuple[Text, ...], Field(strict=False, max_length=8)] = ()
    """The words of ``Sec-CH-UA-Form-Factors``."""
    touch_points: Annotated[int, Field(ge=0, le=256)] = 0
    install_type: Literal["admin", "normal", "sideload", "development", "other"] = "other"
    extension_version: Text = ""
    """The extension's own version; empty if no extension reports."""
    managed: bool = False
    listed_extensions: Annotated[tuple[Word, ...], Field(strict=False, max_length=100)] = ()
    """The ids of listed browser extensions that are installed."""
    machine: MachineClaims | None = None
    apps: AppAnswers | None = None
    bearer: bool = False
    """Whether the token should count without a proof, for clients that can set a header but cannot make a proof."""


@dataclass(frozen=True, slots=True)
class TokenParameters:
    """A gate as an issuer, whose name is the audience too, and the enrolled device. ``jti`` must be new for every token."""

    issuer: str
    build: str
    jti: str
    now: datetime
    thumbprint: str
    device: str
    owner: str


def written_report(report: SelfReport) -> str:
    """What is kept of a report, as JSON: without its apps and extensions, which are a part of the device's own report. No report is
    longer than some thousand characters, since each of its texts is bounded."""
    return report.model_dump_json(exclude=_NOT_KEPT, exclude_none=True)


def form_of(report: SelfReport) -> str | None:
    """The most restrictive form factor that the report names; None if it names none. A system without a handheld form is a computer only if
    neither touch nor a form factor contradicts it, since an iPad that asks for desktop sites claims to be a Mac."""
    words = {word.lower() for word in report.form_factors}
    if report.os in _HANDHELD_SYSTEMS:
        return "tablet" if "tablet" in words else _HANDHELD_SYSTEMS[report.os]
    if "mobile" in words:
        return "phone"
    if "tablet" in words or (report.os == "macos" and report.touch_points > 1):
        return "tablet"
    if report.os in _COMPUTER_SYSTEMS and words <= _COMPUTER_FORMS:
        return "desktop"
    return None


def token_claims(
    report: SelfReport,
    issuing: TokenParameters,
    match_app: Callable[[str, str], str | None],
) -> dict[str, object]:
    """The claims of the gate's own token. Only listed extensions leave this function, and its apps are never complete. ``managed`` is left
    out, since no device may claim that for itself."""
    now, form = int(issuing.now.timestamp()), form_of(report)
    matched = {match_app(report.os, each) for each in report.listed_extensions}
    claims: dict[str, object] = {
        "iss": issuing.issuer,
        "aud": issuing.issuer,
        "sub": issuing.device,
        "iat": now,
        "exp": now + int(passport.OWN_LIFETIME.total_seconds()),
        "jti": issuing.jti,
        "eat_profile": passport.PROFILE,
        "cnf": {"jkt": issuing.thumbprint},
        "ear.verifier-id": {"developer": "mailgate", "build": issuing.build},
        "submods": {"device": {"ear.status": "none", "ear.trustworthiness-vector": _VECTOR}},
        "apps": {"at": now, "listed": sorted(key for key in matched if key), "complete": False},
        "os": report.os if report.os != "other" else None,
        "os_version": report.os_version or None,
        "form": form,
        "user": issuing.owner or None,
        "bearer": report.bearer or None,
        "reported": report.model_dump(include=_ALONGSIDE, exclude_none=True),
    }
    return {name: value for name, value in claims.items() if value is not None}

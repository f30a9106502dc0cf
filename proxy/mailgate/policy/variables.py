"""The variables that a condition may read: name, type, meaning, closed set and the source of the value.

``docs/policy.md`` prints this table. A line in ``VARIABLES`` is all that a new variable needs: its ``depends_on`` decides
what the keys of verdicts have to hold (``gateway/verdict_cache.py``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from cel_expr_python import cel

from mailgate.model import (
    DEVICE_FINDINGS,
    LOGIN_PROTOCOLS,
    Absence,
    Access,
    Assurance,
    AttestationResult,
    Compliance,
    Enrolment,
    ExtensionWord,
    Kind,
    PostureState,
    Protocol,
    Reason,
    Threat,
)
from mailgate.model.phrase import phrase
from mailgate.model.proofs import accepted
from mailgate.model.times import LONG_AGO, happened
from mailgate.policy.written import AT_LEAST, at_least

NEVER_REPORTED = timedelta(days=36500)
"""The ``device.age`` of a device that never reported: more than any limit that a rule can have."""

FORMS = ("desktop", "phone", "tablet", "ereader", "tv", "console", "watch", "car", "speaker", "xr")
INSTALL_TYPES = ("admin", "normal", "sideload", "development", "other", "")
STATUSES = ("affirming", "warning", "contraindicated", "none")


class DependsOn(StrEnum):
    """The parts of a request that are in the key of a verdict only if some rule reads a variable that depends on them."""

    AGENT = "agent"
    """Words of the user agent beyond its traits (``classify.agent_traits``)."""
    REMOTE = "remote"
    SCHEME = "scheme"
    HOST = "host"
    PATH = "path"
    """The path without its query. No key has the query, so no variable may read it."""
    CLOCK = "clock"
    """The time: the value changes without any event."""


class KeptBy(StrEnum):
    """What keeps the value of a variable, so that a plan can decide again (``rollout/replay.py``). What it does not keep is
    unknown to a plan, and whoever is decided by it counts as perhaps kept out."""

    REPORT = "report"
    """What the store knows of people and devices, and the clock: known also of a device that never asked."""
    SIGHTING = "sighting"
    """Each recorded request, and nothing else."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment. ``closed`` has its only values, if not any. ``depends_on`` is None if the value depends
    only on the person, the device, the traits of the user agent and the other fields."""

    name: str
    type: str
    about: str
    read: Callable[[Access], object]
    kept_by: KeptBy
    closed: tuple[str, ...] | None = None
    depends_on: DependsOn | None = None

    @property
    def values(self) -> tuple[object, ...]:
        """Its only values, if it has one of few at a time."""
        if self.type == "bool":
            return (False, True)
        return self.closed or () if self.type == "string" else ()

    @property
    def is_open_text(self) -> bool:
        """Whether it may have any text, or texts."""
        return self.closed is None and self.type in ("string", "list(string)")


def _words(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


def _age(access: Access) -> timedelta:
    looked = happened(access.posture.looked_from, access.now)
    return access.now - looked if looked else NEVER_REPORTED


def _proof(access: Access) -> AttestationResult:
    return accepted(access.attestation) or _NO_PROOF


_NO_PROOF = AttestationResult()


def extension_word(access: Access) -> ExtensionWord | None:
    """What the company's extension says in this request; None if none is known to be there."""
    return _proof(access).extension


def _said(access: Access) -> ExtensionWord:
    return extension_word(access) or ExtensionWord(install_type="")


def _switch(value: bool | None) -> str:
    return "unknown" if value is None else "on" if value else "off"


_SWITCH = ("on", "off", "unknown")
_REPORT, _SIGHTING, _NOTHING = KeptBy.REPORT, KeptBy.SIGHTING, KeptBy.NOTHING
_UNKNOWN_STATES = (PostureState.MISSING, PostureState.UNAVAILABLE)

VARIABLES: Mapping[str, Variable] = {
    v.name: v
    for v in (
        Variable("client.kind", "string", phrase("Kind of the client; `unknown` is never `laptop`"), lambda a: a.client.kind, _REPORT, _words(Kind)),
        Variable("client.handheld", "bool", phrase("A phone, a tablet, a mobile mail app or a watch"), lambda a: a.client.handheld, _REPORT),
        Variable("client.assurance", "string", phrase("How well the kind is known, weakest first"), lambda a: a.client.assurance, _SIGHTING, _words(Assurance)),
        Variable("client.form", "string", phrase("Form factor; empty if not told"), lambda a: a.client.form, _REPORT, (*FORMS, "")),
        Variable("client.os", "string", phrase("`windows`, `macos`, `linux`, `chromeos`, `ios`, `ipados`, `android`, … or empty"), lambda a: a.client.os, _REPORT),
        Variable("client.os_version", "string", phrase("Version that the client names, or empty; also empty if it is the one that browsers name on whatever runs, like Windows 10"), lambda a: a.client.os_version, _REPORT, depends_on=DependsOn.AGENT),
        Variable("client.browser", "string", phrase("Browser or app family, or empty"), lambda a: a.client.browser, _SIGHTING, depends_on=DependsOn.AGENT),
        Variable("client.browser_version", "string", phrase("Its version, or empty"), lambda a: a.client.browser_version, _SIGHTING, depends_on=DependsOn.AGENT),
        Variable("client.model", "string", phrase("Device model that the client names, or empty"), lambda a: a.client.model, _SIGHTING),
        Variable("client.eas_type", "string", phrase("ActiveSync `DeviceType`, or empty"), lambda a: a.client.eas_type, _SIGHTING),
        Variable("client.contradicted", "bool", phrase("Two signals name different kinds; `client.kind` is the more restrictive one"), lambda a: a.client.contradicted, _SIGHTING),
        Variable("client.probed", "bool", phrase("The browser probe ran in this browser and found a computer"), lambda a: a.client.probed, _SIGHTING),
        Variable("client.findings", "list(string)", phrase("Reason codes of the findings about the client's signals"), lambda a: [f.reason.value for f in a.client.findings], _SIGHTING, _words(Reason)),
        Variable("device.state", "string", phrase("What is known of the device; only `clean` means clean"), lambda a: a.posture.state, _REPORT, _words(PostureState)),
        Variable("device.known", "bool", phrase("The device has reported at least once"), lambda a: a.posture.state not in _UNKNOWN_STATES, _REPORT),
        Variable("device.apps", "list(string)", phrase("Listed apps that are present: keys of `apps.yaml`"), lambda a: list(a.posture.apps), _REPORT),
        Variable("device.lists", "list(string)", phrase("Lists of `apps.yaml` on which those apps stand"), lambda a: list(a.posture.lists), _REPORT),
        Variable("device.managed", "bool", phrase("Enrolled in device management; false if no source says so"), lambda a: bool(a.posture.managed), _REPORT),
        Variable("device.kind", "string", phrase("Kind of the device by its reports, or `unknown`"), lambda a: a.posture.kind or Kind.UNKNOWN, _REPORT, _words(Kind)),
        Variable("device.os", "string", phrase("Operating system by the reports, or empty"), lambda a: a.posture.os, _REPORT),
        Variable("device.os_version", "string", phrase("Its version, or empty"), lambda a: a.posture.os_version, _REPORT),
        Variable("device.sources", "list(string)", phrase("Who reports the device: issuers, sources, `enrolled` for its own word"), lambda a: list(a.posture.sources), _REPORT),
        Variable("device.contradicted", "bool", phrase("Its sources contradict each other about its kind, system, owner or name; `device.kind` is the more restrictive kind"), lambda a: bool(a.posture.findings), _REPORT),
        Variable("device.findings", "list(string)", phrase("Reason codes of these contradictions"), lambda a: [f.reason.value for f in a.posture.findings], _REPORT, tuple(sorted(DEVICE_FINDINGS))),
        Variable("device.age", "duration", phrase("Time since the apps were looked at, at the most: what a source may lag behind is counted; 100 years for a device that never reported"), _age, _REPORT, depends_on=DependsOn.CLOCK),
        Variable("device.enrolment", "string", phrase("How it is enrolled, which decides what its management can see; `unknown` if no source says"), lambda a: a.posture.enrolment, _REPORT, _words(Enrolment)),
        Variable("device.compliance", "string", phrase("Verdict of its management by its own rules: `unknown` once a good word is older than the settings allow, `none` if no source judges it"), lambda a: a.posture.compliance, _REPORT, _words(Compliance)),
        Variable("device.compliance_at", "timestamp", phrase("When its management judged it at the earliest, so `now - device.compliance_at` is the age of the verdict; 1970 if there is none"), lambda a: happened(a.posture.compliance_at, a.now) or LONG_AGO, _REPORT),
        Variable("device.compliance_apps", "bool", phrase("For the verdict, every app on any list that has an id for its system was looked for"), lambda a: a.posture.compliance_covers, _REPORT),
        Variable("device.threat", "string", phrase("How much it is endangered, by its management; `none` if no source says"), lambda a: a.posture.threat, _REPORT, _words(Threat)),
        Variable("device.absence", "string", phrase("How a `clean` device is known to have no listed app: `seen` to have none, or `enforced`, if of some it is only known that they cannot run; else empty"), lambda a: a.posture.absence or "" if a.posture.state is PostureState.CLEAN else "", _REPORT, (*_words(Absence), "")),
        Variable("attestation.valid", "bool", phrase("The request carries signed evidence and it was accepted"), lambda a: accepted(a.attestation) is not None, _SIGHTING),
        Variable("attestation.status", "string", phrase("EAR tier of accepted evidence, else `none`"), lambda a: _proof(a).status, _SIGHTING, STATUSES),
        Variable("attestation.issuer", "string", phrase("Issuer of accepted evidence, or empty"), lambda a: _proof(a).issuer, _SIGHTING),
        Variable("attestation.refused", "string", phrase("Reason code with which evidence was refused, or empty"), lambda a: str((a.attestation and a.attestation.refused) or ""), _SIGHTING, (*_words(Reason), "")),
        Variable("extension.version", "string", phrase("Version of the company's browser extension, by its own word like all of `extension.*`: nobody vouches for it. Empty if no extension has reported"), lambda a: _said(a).version, _SIGHTING),
        Variable("extension.install_type", "string", phrase("How it was installed: `admin` is by a policy of the company; empty if no extension has reported"), lambda a: _said(a).install_type, _SIGHTING, INSTALL_TYPES),
        Variable("extension.managed", "bool", phrase("A policy of the browser sets it up; false if no extension has reported"), lambda a: _said(a).managed, _SIGHTING),
        Variable("extension.browser", "string", phrase("The browser's own name, like `Google Chrome`, or empty"), lambda a: _said(a).browser, _SIGHTING),
        Variable("extension.browser_version", "string", phrase("Its whole version, which user agents cut short, or empty"), lambda a: _said(a).browser_version, _SIGHTING),
        Variable("extension.os_version", "string", phrase("True version of the system: `11` is Windows 11. Empty if the browser always names the same one, as Firefox does on Windows and macOS"), lambda a: _said(a).os_version, _SIGHTING),
        Variable("extension.disk_encryption", "string", phrase("By the word of a helper on the computer, like the next two; `unknown` if there is none, or it could not tell"), lambda a: _switch(_said(a).disk_encrypted), _SIGHTING, _SWITCH),
        Variable("extension.screen_lock", "string", phrase("Whether the screen locks by itself"), lambda a: _switch(_said(a).screen_lock), _SIGHTING, _SWITCH),
        Variable("extension.firewall", "string", phrase("Whether a firewall of the system is switched on"), lambda a: _switch(_said(a).firewall), _SIGHTING, _SWITCH),
        Variable("certificate.valid", "bool", phrase("The request came with a TLS client certificate and it was accepted"), lambda a: accepted(a.certificate) is not None, _SIGHTING),
        Variable("certificate.refused", "string", phrase("Reason code with which a client certificate was refused, or empty"), lambda a: str((a.certificate and a.certificate.refused) or ""), _SIGHTING, (*_words(Reason), "")),
        Variable("request.method", "string", phrase("HTTP method"), lambda a: a.facts.method, _SIGHTING),
        Variable("request.path", "string", phrase("Path of the target as sent: percent-encoding is not undone"), lambda a: a.facts.path, _NOTHING, depends_on=DependsOn.PATH),
        Variable("request.host", "string", phrase("Host of the request"), lambda a: a.facts.host, _NOTHING, depends_on=DependsOn.HOST),
        Variable("request.scheme", "string", phrase("Scheme of the request; for a login at the mail server, its protocol"), lambda a: a.facts.scheme, _NOTHING, ("http", "https", *sorted(LOGIN_PROTOCOLS)), DependsOn.SCHEME),
        Variable("request.protocol", "string", phrase("Protocol of the request"), lambda a: a.client.protocol, _SIGHTING, _words(Protocol)),
        Variable(
            "request.remote",
            "string",
            phrase("Address of the client in its shortest form, without port: `203.0.113.9`, `2001:db8::1`; an IPv4 address is never written as IPv6"),
            lambda a: a.facts.remote,
            _NOTHING,
            depends_on=DependsOn.REMOTE,
        ),
        Variable("user.name", "string", phrase("Person who asks, named by a trusted proxy, the signed report or a login that the mail server checks; empty if nobody is named"), lambda a: a.user.name, _SIGHTING),
        Variable("user.groups", "list(string)", phrase("Groups of that person by `groups.yaml`; if nobody is named, groups of the owner of the device"), lambda a: list(a.user.groups), _REPORT),
        Variable("now", "timestamp", phrase("Time of the request, UTC"), lambda a: a.now, _REPORT, depends_on=DependsOn.CLOCK),
    )
}  # fmt: skip

CLOCKS = frozenset(v.name for v in VARIABLES.values() if v.depends_on is DependsOn.CLOCK)
"""The variables that change with the clock."""


def dependencies_of(names: Iterable[str]) -> frozenset[DependsOn]:
    """Everything that one of these variables depends on."""
    return frozenset(part for name in names if (part := VARIABLES[name].depends_on) is not None)


_TYPES = {
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "duration": cel.Type.DURATION,
    "timestamp": cel.Type.TIMESTAMP,
    "list(string)": cel.Type.List(cel.Type.STRING),
}

_COMPARISON = cel.FunctionDecl(
    AT_LEAST,
    [cel.Overload("version_at_least", cel.Type.BOOL, [cel.Type.STRING, cel.Type.STRING], True, at_least)],
)
ENVIRONMENT = cel.NewEnv(
    variables={v.name: _TYPES[v.type] for v in VARIABLES.values()}, functions=[_COMPARISON]
)

UNREADABLE = "\ud800"
"""A text that fails the whole evaluation as soon as it is looked at."""
_OPEN_TEXTS = frozenset(v.name for v in VARIABLES.values() if v.is_open_text)


def cel_activation(
    access: Access, names: Iterable[str], supposed: Mapping[str, str] | None = None
) -> cel.Activation:
    """The values of these variables, some of them ``supposed``, for any number of conditions. What looks at an odd text fails."""
    read = {name: VARIABLES[name].read(access) for name in names} | dict(supposed or {})
    for name in _OPEN_TEXTS & read.keys():
        read[name] = _unless_odd(read[name])
    return ENVIRONMENT.Activation(read)


def _unless_odd(value: Any) -> object:
    if isinstance(value, str):
        return UNREADABLE if is_odd(value) else value
    return [UNREADABLE if is_odd(each) else each for each in value]


def is_odd(text: str) -> bool:
    """Whether the runtime would read the text otherwise than as it is: it ends one at a NUL, and fails on one without a UTF-8 form."""
    if text.isascii():
        return "\0" in text
    try:
        return b"\0" in text.encode()
    except UnicodeEncodeError:
        return True

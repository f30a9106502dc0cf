"""The cases of ``policy.tests.yaml``: a request, who asks, and the expected decision; and how they are run through the functions that decide real requests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from mailgate.classify import classify, with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.model import (
    Absence,
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Decision,
    Effect,
    Enrolment,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    Threat,
    User,
)
from mailgate.model.addresses import canonical_address
from mailgate.model.apps import AppCatalog
from mailgate.model.phrase import phrase, unknown_word, wrong_value
from mailgate.policy.decide import decide
from mailgate.policy.rules import Policy
from mailgate.policy.written import Key, Moment, Strict, Text


def _joined(value: object) -> object:
    """Join a header that came several times and is written as a list (RFC 9110, section 5.3)."""
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value


def _person(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


HeaderValue = Annotated[
    str,
    BeforeValidator(_joined),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class CasePerson(Strict):
    """The person who asks, as a trusted proxy would name them."""

    name: str = ""
    groups: tuple[str, ...] = ()


UserField = Annotated[CasePerson, BeforeValidator(_person, json_schema_input_type=str | CasePerson)]


class Request(Strict):
    """One incoming request."""

    method: Annotated[str, Field(min_length=1)] = "GET"
    target: Annotated[str, Field(min_length=1)] = "/"
    scheme: str = "http"
    host: str = ""
    remote: str = ""
    headers: Mapping[str, HeaderValue] = Field(default_factory=dict)
    user_agent: str | None = None
    """Short for the `User-Agent` header."""
    user: UserField = CasePerson()

    def facts(self) -> RequestFacts:
        """The request as the gate reads it: header names in lower case, repeated ones joined."""
        headers: dict[str, str] = {}
        named = [("user-agent", self.user_agent)] if self.user_agent is not None else []
        for name, value in [*self.headers.items(), *named]:
            folded = name.lower()
            headers[folded] = f"{headers[folded]}, {value}" if folded in headers else value
        host = self.host or headers.get("host", "")
        return RequestFacts(
            self.method,
            self.target,
            self.scheme,
            host,
            canonical_address(self.remote),
            headers,
            self.user.name or None,
        )


class CaseDevice(Strict):
    """The knowledge about the device at that moment."""

    state: PostureState | None = Field(default=None, strict=False)
    """If left out: `listed` if an app is on a list, otherwise `clean`."""
    last_state: PostureState | None = Field(default=None, strict=False)
    """With `unavailable`: the last known state."""
    id: str = ""
    kind: Kind | None = Field(default=None, strict=False)
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    owner: str = ""
    source: str = ""
    sources: tuple[str, ...] = ()
    """All sources that have it. If left out: the one in `source`."""
    findings: tuple[Annotated[Reason, Field(strict=False)], ...] = ()
    """The reason codes of contradictions between its sources."""
    lost: bool = False
    enrolment: Enrolment = Field(default=Enrolment.UNKNOWN, strict=False)
    compliance: Compliance = Field(default=Compliance.NONE, strict=False)
    """The verdict of its management."""
    compliance_at: Moment | None = None
    """When it was judged so; now if left out, unless there is no verdict."""
    compliance_apps: bool = False
    """Whether the verdict vouches for every listed app that has an id for its system."""
    threat: Threat = Field(default=Threat.NONE, strict=False)
    absence: Absence | None = Field(default=None, strict=False)
    """How a `clean` device is known to have no listed app. If left out: `seen`."""
    apps: tuple[Key, ...] = ()
    reported_at: Moment | None = None
    expires_at: Moment | None = None
    first_seen: Moment | None = None
    """When it was first reported."""

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> Self:
        catalog: AppCatalog | None = (info.context or {}).get("catalog")
        if catalog is None:
            return self
        for index, key in enumerate(self.apps):
            if key not in catalog.apps:
                raise unknown_word(key, catalog.apps, key=("apps", index))
        listed = bool(catalog.lists_of(self.apps))
        if self.state is PostureState.CLEAN and listed:
            raise wrong_value("device", phrase("`clean` with an app on a list; use `listed`"), key="state")
        state = self.state or (PostureState.LISTED if listed else PostureState.CLEAN)
        if self.absence and PostureState.CLEAN not in (state, self.last_state):
            raise wrong_value("device", phrase("only a `clean` device has an `absence`"), key="absence")
        if self.state is PostureState.LISTED and not listed:
            raise wrong_value(
                "device", phrase("`listed` without an app on a list; name one in `apps`"), key="state"
            )
        return self

    def posture(self, catalog: AppCatalog, now: datetime) -> Posture:
        """The posture that the store would hold. A report without a time is assumed to be made at ``now``."""
        lists = catalog.lists_of(self.apps)
        state = self.state or (PostureState.LISTED if lists else PostureState.CLEAN)
        judged = self.compliance_at or (None if self.compliance is Compliance.NONE else now)
        clean = PostureState.CLEAN in (state, self.last_state)
        reported = self.reported_at or (None if state is PostureState.MISSING else now)
        return Posture(
            state=state,
            device_id=self.id,
            kind=self.kind,
            os=self.os,
            os_version=self.os_version,
            managed=self.managed,
            owner=self.owner,
            apps=tuple(sorted(self.apps)),
            lists=lists,
            source=self.source,
            sources=self.sources or tuple(filter(None, [self.source])),
            findings=tuple(Finding(reason, "") for reason in self.findings),
            lost=self.lost,
            first_seen=self.first_seen,
            reported_at=reported,
            expires_at=self.expires_at or (reported + timedelta(hours=24) if reported else None),
            last_state=self.last_state,
            enrolment=self.enrolment,
            compliance=self.compliance,
            compliance_at=judged,
            compliance_covers=self.compliance_apps,
            threat=self.threat,
            absence=(self.absence or Absence.SEEN) if clean else None,
        )


class Attestation(Strict):
    """The verifier's result for signed evidence; accepted unless ``refused`` is given."""

    device: str = "device"
    issuer: str = ""
    kind: Kind | None = Field(default=None, strict=False)
    status: str = "affirming"
    refused: Reason | None = Field(default=None, strict=False)

    def result(self) -> AttestationResult:
        if self.refused:
            return AttestationResult(refused=self.refused)
        return AttestationResult(self.device, self.issuer, kind=self.kind, status=self.status)


class CaseExtension(Strict):
    """What the company's extension says in a browser that it has enrolled, by its own word."""

    version: str = ""
    install_type: Literal["admin", "normal", "sideload", "development", "other"] = "other"
    managed: bool = False
    browser: str = ""
    browser_version: str = ""
    os_version: str = ""
    disk_encrypted: bool | None = None
    """By the word of a helper on the computer, like the next two. If left out: not known."""
    screen_lock: bool | None = None
    firewall: bool | None = None
    kind: Kind = Field(default=Kind.LAPTOP, strict=False)
    """Kind of the device that it is on."""

    def result(self) -> AttestationResult:
        word = ExtensionWord(**self.model_dump(exclude={"kind"}))
        return AttestationResult("extension", kind=self.kind, self_reported=True, extension=word)


class Certificate(Strict):
    """The result for the client's certificate; accepted unless ``refused`` is given."""

    refused: Reason | None = Field(default=None, strict=False)

    def result(self) -> CertificateResult:
        return CertificateResult(refused=self.refused) if self.refused else CertificateResult("certificate")


class _Knowledge(Strict):
    device: CaseDevice | None = None
    attestation: Attestation | None = None
    extension: CaseExtension | None = None
    """The token of the company's extension, in place of other signed evidence."""
    certificate: Certificate | None = None
    now: Moment | None = None
    """If left out: the time of the file, otherwise the time of the check."""


class Situation(_Knowledge):
    """A request, and the knowledge besides it."""

    request: Request = Request()

    @model_validator(mode="after")
    def _proves_once(self) -> Self:
        if self.attestation and self.extension:
            raise wrong_value(
                "proof", phrase("one request has one token; keep one of these"), key="extension"
            )
        return self

    def access(self, catalog: AppCatalog, now: datetime) -> Access:
        """Everything that the decision depends on. ``now`` is used if the situation has no time."""
        moment = self.now or now
        facts = self.request.facts()
        posture = self.device.posture(catalog, moment) if self.device else Posture()
        who = self.request.user
        user = User(who.name, who.groups, groups_known=bool(who.name or who.groups))
        offered = self.attestation or self.extension
        proof = offered.result() if offered else None
        certificate = self.certificate.result() if self.certificate else None
        client = with_attestation(classify(facts), proof)
        if certificate is not None:
            client = with_certificate(client, certificate, posture)
        client = with_device(client, posture.kind)
        return Access(facts, client, posture, moment, user, proof, certificate)


class RecordedRequest(_Knowledge, Request):
    """A request and the knowledge besides it, on one level, as ``mailgate explain`` also takes it."""

    def situation(self) -> Situation:
        """The situation, with the request in a part of its own."""
        own, known = (
            {name: getattr(self, name) for name in each.model_fields} for each in (Request, _Knowledge)
        )
        return Situation.model_construct(request=Request.model_construct(**own), **known)


class Expectation(Strict):
    """The expected decision. A field that is left out may have any value."""

    effect: Effect = Field(strict=False)
    reason: Reason | None = Field(default=None, strict=False)
    rule: str | None = None
    """The id of the rule that decides; `default` if no rule does."""
    would: tuple[str, ...] | None = None
    """The ids of the report-only rules that match, in order."""
    kind: Kind | None = Field(default=None, strict=False)
    """The kind that the client must be recognised as."""


class Case(Situation):
    """One named case."""

    name: Text
    expect: Expectation


class CasesFile(Strict):
    """``policy.tests.yaml``: cases that must hold before a policy is used."""

    now: Moment | None = None
    """The time of every case without a time of its own."""
    tests: tuple[Case, ...]


def differences(expect: Expectation, client: Client, decision: Decision) -> dict[str, tuple[Any, Any]]:
    """The expected and the actual value, for each field that differs."""
    got: dict[str, Any] = {
        "effect": decision.effect.value,
        "reason": decision.reason.value,
        "rule": decision.rule,
        "would": tuple(trial.rule for trial in decision.would),
        "kind": client.kind.value,
    }
    wanted = {name: getattr(expect, name) for name in got}
    return {
        name: (want, got[name]) for name, want in wanted.items() if want is not None and want != got[name]
    }


@dataclass(frozen=True, slots=True)
class CaseResult:
    case: Case
    access: Access
    decision: Decision
    wrong: dict[str, tuple[Any, Any]]
    """The expected and the actual value, for each field that differs; empty if the case holds."""


def decide_situation(situation: Situation, policy: Policy, now: datetime) -> tuple[Access, Decision]:
    """The access that a situation describes, and the decision on it. ``now`` is used if the situation has no time."""
    access = situation.access(policy.catalog, now)
    return access, decide(access, policy)


def run_cases(cases: CasesFile, policy: Policy, now: datetime) -> Iterator[CaseResult]:
    """The results of all cases in order, including those that hold."""
    for case in cases.tests:
        access, decision = decide_situation(case, policy, cases.now or now)
        yield CaseResult(case, access, decision, differences(case.expect, access.client, decision))

"""Verifies the ``Device-Attestation`` token, a JWS of an issuer about one device (RFC 9334, the passport model).

The claims are those of a JWT (RFC 7519), an EAT (RFC 9711) and an EAR (draft-ietf-rats-ear-04), and our
own about the device; ``docs/attestation.md`` has the table. These are steps 4 to 10 of the verifier.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.attest import Refused
from mailgate.attest.jose import (
    ALGORITHMS,
    ClaimMissingError,
    Claims,
    ClaimWrongError,
    CompactJws,
    Key,
    MalformedJwsError,
    parse_compact,
)
from mailgate.attest.keys import KeySet, algorithm_of
from mailgate.model import AppsReport, AttestationResult, Enrolment, ExtensionWord, Kind, Reason

TYP = "device-attestation+jwt"
PROFILE = "tag:mailgate.example,2026:device-attestation:1"
"""``eat_profile`` (RFC 9711, section 4.3.2): these claims in this form, version 1."""

OWN_LIFETIME = timedelta(minutes=10)
"""The lifetime of a token that a gate signs for a device that reports to it: as long it may count as a bearer token."""

FORMS = {"phone": Kind.PHONE, "tablet": Kind.TABLET, "laptop": Kind.LAPTOP, "desktop": Kind.LAPTOP}
SYSTEMS = frozenset({"android", "chromeos", "ios", "ipados", "linux", "macos", "windows"})

_ENROLMENTS = frozenset(map(str, Enrolment))

_OWN_KEY_PARAMETERS = ("crit", "b64", "jku", "jwk", "x5u", "x5c")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The trusted issuers, the audience, and the longest lifetime of a token."""

    issuers: Mapping[str, KeySet]
    audience: str
    match_app: Callable[[str, str], str | None]
    max_lifetime: timedelta
    own_issuer: str
    """The issuer whose tokens the gates sign themselves; empty if they sign none."""
    person: Callable[[str], str]
    """Returns the person of a login (``policy/people.py``)."""

    def longest_life(self, issuer: str) -> timedelta:
        return OWN_LIFETIME if issuer == self.own_issuer else self.max_lifetime


@dataclass(frozen=True, slots=True)
class Passport:
    """A token with a good signature and good claims. Its time is checked at every use."""

    result: AttestationResult
    kid: str
    key: Key
    by_certificate: bool
    """Whether the key that the sender must prove is that of its TLS client certificate, and not of a DPoP proof (RFC 7800)."""
    issued_at: datetime
    not_before: datetime
    expires: datetime
    bearer: bool
    """Whether it counts without a proof. Only a gate's own token can, for clients that set a header but make no proof."""

    def check_times(self, now: datetime, leeway: timedelta) -> None:
        """Do step 10. Raises `Refused` outside of the token's lifetime. ``leeway`` is for clocks that differ.

        For a token of the gate's own there is no leeway at its end, since it may count without a proof for ten minutes and no longer.
        A report from the future would stay fresh for too long, so it is refused too.
        """
        if now + leeway < max(self.not_before, self.issued_at):
            raise Refused(Reason.TOKEN_NOT_YET_VALID, "nbf or iat is in the future")
        if now - (timedelta() if self.result.self_reported else leeway) >= self.expires:
            raise Refused(Reason.TOKEN_EXPIRED, "exp has passed")
        if self.result.apps is not None and self.result.apps.at > now + leeway:
            raise Refused(Reason.TOKEN_CLAIM_WRONG, "apps.at is in the future")


def read_passport(token: str, anchors: Anchors) -> Passport:
    """Do steps 4 to 9: check everything about a token that does not depend on the time. Raises `Refused`."""
    # 4. It is one strictly written JWS, and its header has no key, address or extension.
    try:
        jws = parse_compact(token, forbidden=_OWN_KEY_PARAMETERS)
    except MalformedJwsError as error:
        raise Refused(Reason.TOKEN_MALFORMED, str(error)) from None
    # 5. typ and alg are ours, and there is a kid.
    algorithm = _check_header(jws.header)
    # 6. and 7. The issuer is configured, and kid names a key of that issuer, made for this algorithm.
    issuer, key = _issuer_key(jws, anchors.issuers, algorithm)
    # 8. That key made the signature. Of the payload only iss was read before.
    if not jws.is_signed_by(key, algorithm):
        raise Refused(Reason.TOKEN_SIGNATURE_WRONG, "the signature was not made by the key that kid names")
    # 9. Every claim is there and has an allowed type and value.
    try:
        return _read_claims(Claims(jws.payload), issuer, str(jws.header["kid"]), key, anchors)
    except ClaimMissingError as missing:
        raise Refused(Reason.TOKEN_CLAIM_MISSING, str(missing)) from None
    except ClaimWrongError as wrong:
        raise Refused(Reason.TOKEN_CLAIM_WRONG, str(wrong)) from None


def _check_header(header: Mapping[str, object]) -> str:
    if header.get("typ") != TYP:
        raise Refused(Reason.TOKEN_TYP_WRONG, f"typ must be {TYP}")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Refused(Reason.TOKEN_ALG_REFUSED, f"alg must be one of {', '.join(ALGORITHMS)}")
    if "kid" not in header:
        raise Refused(Reason.TOKEN_KID_MISSING, "the header has no kid")
    return str(algorithm)


def _issuer_key(jws: CompactJws, issuers: Mapping[str, KeySet], algorithm: str) -> tuple[str, Key]:
    issuer, kid = jws.payload.get("iss"), jws.header["kid"]
    if not isinstance(issuer, str) or issuer not in issuers:
        raise Refused(Reason.TOKEN_ISSUER_UNKNOWN, "iss is none of the configured issuers")
    key = issuers[issuer].get(kid) if isinstance(kid, str) else None
    if key is None:
        reason, detail = Reason.TOKEN_KID_UNKNOWN, f"kid names no key of {issuer}"
        if issuers[issuer].unavailable:
            reason, detail = Reason.TOKEN_KEYS_UNAVAILABLE, f"the keys of {issuer} are not available now"
        raise Refused(reason, detail, missing_key_of=issuer)
    if algorithm_of(key.key_type) != algorithm:
        raise Refused(Reason.TOKEN_ALG_REFUSED, f"the key that kid names is for {algorithm_of(key.key_type)}")
    return issuer, key


def _read_claims(claims: Claims, issuer: str, kid: str, key: Key, anchors: Anchors) -> Passport:
    _check_audience(claims, anchors.audience)
    _check_profile(claims)
    issued_at, expires = _lifetime(claims, anchors.longest_life(issuer))
    claims.text("jti")  # a handle for revocation; a token may be used again, but its proofs may not
    thumbprint, by_certificate = _binding(claims)
    status = read_status(claims.inner("submods").inner("device"))
    own = issuer == anchors.own_issuer
    system = _choice(claims, "os", SYSTEMS) if "os" in claims else ""
    result = AttestationResult(
        device_id=claims.text("sub"),
        issuer=issuer,
        key_thumbprint=thumbprint,
        kind=FORMS[_choice(claims, "form", FORMS)] if "form" in claims else None,
        os=system,
        os_version=claims.text("os_version") if "os_version" in claims else "",
        managed=claims.flag("managed") if "managed" in claims else None,
        enrolment=Enrolment(
            _choice(claims, "enrolment", _ENROLMENTS) if "enrolment" in claims else "unknown"
        ),
        user=anchors.person(claims.text("user")) if "user" in claims else "",
        eas_ids=claims.texts("eas_ids") if "eas_ids" in claims else (),
        apps=_apps(claims, system or own * "other", status, anchors.match_app) if "apps" in claims else None,
        status=status,
        expires=expires,
        self_reported=own,
        extension=_extension(claims) if own and "reported" in claims else None,
    )
    not_before = claims.instant("nbf") if "nbf" in claims else issued_at
    bearer = own and "bearer" in claims and claims.flag("bearer")
    return Passport(result, kid, key, by_certificate, issued_at, not_before, expires, bearer)


def _extension(claims: Claims) -> ExtensionWord | None:
    """What the company's extension said, as the gate repeats it. Other clients that report about themselves have none."""
    said = claims.inner("reported")
    if not said.members.get("extension_version"):
        return None
    browser = said.inner("browser") if "browser" in said else Claims({})
    machine = said.inner("machine") if "machine" in said else Claims({})
    told = {
        name: machine.flag(name) for name in ("disk_encrypted", "screen_lock", "firewall") if name in machine
    }
    return ExtensionWord(
        said.text("extension_version"),
        said.text("install_type"),
        said.flag("managed"),
        _text_of(browser, "name"),
        _text_of(browser, "version"),
        _text_of(claims, "os_version"),
        **told,
    )


def _text_of(claims: Claims, name: str) -> str:
    return claims.text(name) if claims.members.get(name) else ""


def _check_audience(claims: Claims, audience: str) -> None:
    """``aud`` is one text or a list of texts (RFC 7519, section 4.1.3), compared character by character."""
    several = isinstance(claims.members.get("aud"), list)
    if audience not in (claims.texts("aud") if several else (claims.text("aud"),)):
        raise Refused(Reason.TOKEN_AUDIENCE_WRONG, f"aud must be {audience}")


def _check_profile(claims: Claims) -> None:
    if claims.text("eat_profile") != PROFILE:
        raise ClaimWrongError(f"eat_profile must be {PROFILE}")
    verifier = claims.inner("ear.verifier-id")
    verifier.text("developer")
    verifier.text("build")


def _lifetime(claims: Claims, longest: timedelta) -> tuple[datetime, datetime]:
    issued_at, expires = claims.instant("iat"), claims.instant("exp")
    if expires <= issued_at:
        raise ClaimWrongError("exp must be after iat")
    if expires - issued_at > longest:
        raise Refused(Reason.TOKEN_TOO_LONG_LIVED, f"from iat to exp is more than {longest}")
    return issued_at, expires


def _binding(claims: Claims) -> tuple[str, bool]:
    """The thumbprint of the one key to which it is bound, and whether that is a certificate's. A token without a key is refused, since everybody who reads it could use it."""
    confirmation = claims.inner("cnf").members if "cnf" in claims else {}
    jkt, x5t = confirmation.get("jkt"), confirmation.get("x5t#S256")
    if jkt is None and x5t is None:
        raise Refused(Reason.TOKEN_UNBOUND, "cnf must have jkt or x5t#S256")
    if jkt is not None and x5t is not None:
        raise ClaimWrongError("cnf must have one of jkt and x5t#S256, not both")
    thumbprint = x5t if jkt is None else jkt
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        raise ClaimWrongError("cnf must hold a SHA-256 thumbprint: 43 characters of base64url")
    return thumbprint, jkt is None


def _choice(claims: Claims, name: str, known: Mapping[str, Kind] | frozenset[str]) -> str:
    """A word of a closed list, in upper or lower case. An unknown word is refused, since the rules might ask for what it means."""
    word = claims.text(name).lower()
    if word not in known:
        raise ClaimWrongError(f"{name} must be one of {', '.join(sorted(known))}")
    return word


def _apps(
    claims: Claims, system: str, status: str, match_app: Callable[[str, str], str | None]
) -> AppsReport:
    """The listed apps of the report. With the status ``none`` the issuer vouches for nothing: apps in the report then count as present, but the
    rest does not count as clean."""
    apps = claims.inner("apps")
    at, complete, reported = apps.instant("at"), apps.flag("complete"), apps.texts("listed")
    asked = apps.texts("asked") if "asked" in apps else None
    if (reported or asked) and not system:
        raise ClaimMissingError("os is missing: the apps cannot be known without it")

    def keys(identifiers: Iterable[str]) -> frozenset[str]:
        return frozenset(key for each in identifiers if (key := match_app(system, each)) is not None)

    return AppsReport(
        present=keys(reported),
        complete=complete and status != NONE,
        at=at,
        asked=None if asked is None else keys(asked),
    )


AFFIRMING, WARNING, CONTRAINDICATED, NONE = "affirming", "warning", "contraindicated", "none"

_WORSE = {
    NONE: {WARNING, CONTRAINDICATED},
    AFFIRMING: {WARNING, CONTRAINDICATED},
    WARNING: {CONTRAINDICATED},
    CONTRAINDICATED: frozenset[str](),
}
"""The tiers that are worse than a status. ``none`` states nothing, so it is neither better nor worse than ``affirming``."""


def tier_of(value: int) -> str:
    """The tier of one vector claim, -128 to 127 (AR4SI, section 2.3.2)."""
    if -1 <= value <= 1:
        return NONE
    if -32 <= value <= 31:
        return AFFIRMING
    return WARNING if -96 <= value <= 95 else CONTRAINDICATED


def read_status(device: Claims) -> str:
    """The status of the submodule ``device``. Raises `Refused` for a contraindicated one, since a tampered device's report about
    its apps is worthless."""
    status = device.text("ear.status")
    if status not in _WORSE:
        raise ClaimWrongError(f"{device.path}.ear.status must be one of {', '.join(sorted(_WORSE))}")
    if not _WORSE[status].isdisjoint(_tiers(device)):
        raise ClaimWrongError(f"{device.path}.ear.status is better than the worst claim of its vector")
    if status == CONTRAINDICATED:
        raise Refused(Reason.TOKEN_CONTRAINDICATED, "the issuer says that this device must not be trusted")
    return status


def _tiers(device: Claims) -> set[str]:
    """The tiers in the vector. Names that AR4SI does not know count too, since they can only make it worse."""
    if "ear.trustworthiness-vector" not in device:
        return set()
    vector = device.inner("ear.trustworthiness-vector")
    return {tier_of(vector.whole(name, -128, 127)) for name in vector.members}

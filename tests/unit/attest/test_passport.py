import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
from joserfc.jwk import OKPKey
from tests.unit.attest.conftest import DEVICE_KEY, ISSUER, ISSUER_KEY, NOW
from tests.vectors import build_vectors as raw

from mailgate.attest import Refused, mint
from mailgate.attest.jose import ClaimMissingError, Claims, ClaimWrongError
from mailgate.attest.keys import parse_jwks
from mailgate.attest.passport import read_status, tier_of
from mailgate.model import AttestationResult, Enrolment, Kind, Reason

STAMP = int(NOW.timestamp())
APPS = {"at": STAMP, "listed": ["tiktok"], "complete": True}
THUMB = "A" * 43


def submods(**device: object) -> dict[str, object]:
    return {"submods": {"device": {name.replace("_", "."): value for name, value in device.items()}}}


def test_a_good_token_says_all_this(gate) -> None:
    result = gate.verify(
        gate.token(
            {"user": "user@example.com", "eas_ids": ["ApplDMPX", "x"], "os": "iOS", "os_version": "18.6"}
        )
    )
    assert result.refused is None
    assert (result.device_id, result.issuer, result.user) == (
        "device-1",
        "https://mdm.example.com",
        "user@example.com",
    )
    assert (result.kind, result.os, result.os_version, result.managed) == (Kind.PHONE, "ios", "18.6", True)
    assert (result.eas_ids, result.status) == (("ApplDMPX", "x"), "affirming")
    assert result.expires == NOW + timedelta(hours=1)
    assert result.apps is not None
    assert (result.apps.present, result.apps.complete, result.apps.at) == ({"tiktok"}, True, NOW)
    assert result.key_thumbprint == DEVICE_KEY.thumbprint()


def test_a_token_may_be_bound_to_a_certificate(gate) -> None:
    token = gate.token({"cnf": {"x5t#S256": THUMB}})
    result = gate.without_proof(token, client_cert_thumbprint=THUMB)
    assert (result.refused, result.key_thumbprint) == (None, THUMB)


def test_an_app_that_is_not_listed_is_asked_for_once_and_kept_nowhere(gate) -> None:
    token = gate.token()
    assert "unlisted" not in repr(gate.verify(token))
    assert gate.asked == [("ios", "com.zhiliaoapp.musically"), ("ios", "com.example.unlisted")]
    assert "unlisted" not in repr(vars(gate.verifier)["_passports"])


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("phone", Kind.PHONE),
        ("Tablet", Kind.TABLET),
        ("laptop", Kind.LAPTOP),
        ("desktop", Kind.LAPTOP),
        ("DESKTOP", Kind.LAPTOP),
        (None, None),
    ],
)
def test_form_is_the_kind(gate, form: str | None, kind: Kind | None) -> None:
    assert gate.verify(gate.token({"form": form})).kind is kind


@pytest.mark.parametrize("name", ["android", "chromeos", "ios", "ipados", "linux", "macos", "windows"])
def test_a_system_is_known_in_any_case(gate, name: str) -> None:
    assert gate.verify(gate.token({"os": name.upper()})).os == name
    assert {system for system, _ in gate.asked} == {name}


@pytest.mark.parametrize("managed", [True, False])
def test_a_token_says_no_more_than_it_does(gate, managed: bool) -> None:
    names = ("nbf", "form", "os", "os_version", "managed", "user", "eas_ids", "apps")
    least = gate.verify(gate.token(dict.fromkeys(names)))
    assert least == AttestationResult(
        device_id="device-1",
        issuer="https://mdm.example.com",
        key_thumbprint=DEVICE_KEY.thumbprint(),
        status="affirming",
        expires=NOW + timedelta(hours=1),
    )
    assert (least.kind, least.os, least.managed, least.user, least.eas_ids) == (None, "", None, "", ())
    assert gate.verify(gate.token({"managed": managed})).managed is managed


@pytest.mark.parametrize("word", Enrolment)
def test_a_token_may_say_how_the_device_is_enrolled(gate, word: Enrolment) -> None:
    assert gate.verify(gate.token({"enrolment": word.upper()})).enrolment is word


@pytest.mark.parametrize(
    ("asked", "answers_for"),
    [({}, None), ({"asked": []}, set()), ({"asked": ["tiktok", "unlisted"]}, {"tiktok"})],
)
def test_a_token_may_say_which_apps_the_look_could_answer_for(
    gate, asked: dict[str, list[str]], answers_for: set[str] | None
) -> None:
    apps = gate.verify(gate.token({"apps": {"at": STAMP, "listed": [], "complete": True} | asked})).apps
    assert apps.asked == answers_for
    assert apps.complete


def test_apps_that_were_asked_for_need_a_system_too(gate) -> None:
    apps = {"at": STAMP, "listed": [], "complete": True, "asked": ["tiktok"]}
    assert gate.verify(gate.token({"os": None, "apps": apps})).refused is Reason.TOKEN_CLAIM_MISSING


def test_the_login_in_a_token_is_mapped_to_its_person(gate) -> None:
    gate.rebuild({ISSUER: gate.issuers[ISSUER]}, person=str.upper)
    assert gate.verify(gate.token({"user": "ada"})).user == "ADA"
    assert gate.verify(gate.token({"user": None})).user == ""


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        *(
            ({claim: None}, claim)
            for claim in ("aud", "sub", "iat", "exp", "jti", "eat_profile", "ear.verifier-id", "submods")
        ),
        ({"ear.verifier-id": {"build": "1"}}, "ear.verifier-id.developer"),
        ({"ear.verifier-id": {"developer": "x"}}, "ear.verifier-id.build"),
        ({"submods": {}}, "submods.device"),
        (submods(), "submods.device.ear.status"),
        ({"apps": {"at": STAMP, "complete": True}}, "apps.listed"),
        ({"apps": {"listed": [], "complete": True}}, "apps.at"),
        ({"apps": {"at": STAMP, "listed": []}}, "apps.complete"),
    ],
)
def test_claims_that_must_be_there(gate, changes: dict[str, object], missing: str) -> None:
    result = gate.verify(gate.token(changes))
    assert (result.refused, result.detail) == (Reason.TOKEN_CLAIM_MISSING, f"{missing} is missing")


def test_apps_are_known_by_their_system_alone(gate) -> None:
    result = gate.verify(gate.token({"os": None}))
    assert result.refused is Reason.TOKEN_CLAIM_MISSING
    assert result.detail == "os is missing: the apps cannot be known without it"
    assert gate.asked == []


ENROLMENTS = (
    "enrolment must be one of dedicated, device-administrator, device-enrolment, fully-managed, none, supervised, unknown, "
    "user-enrolment, work-profile-company, work-profile-personal"
)
TEXT = "must be a text of 1 to 255 printable characters"
INSTANT = "must be a whole number from 0 to 253402300799"
SYSTEMS = "os must be one of android, chromeos, ios, ipados, linux, macos, windows"
NO_THUMBPRINT = "cnf must hold a SHA-256 thumbprint: 43 characters of base64url"
NO_PROFILE = "eat_profile must be tag:mailgate.example,2026:device-attestation:1"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"exp": float(STAMP + 60)}, f"exp {INSTANT}"),
        ({"exp": True}, f"exp {INSTANT}"),
        ({"exp": "1795521600"}, f"exp {INSTANT}"),
        ({"exp": -1}, f"exp {INSTANT}"),
        ({"exp": 10**18}, f"exp {INSTANT}"),
        ({"exp": STAMP}, "exp must be after iat"),
        ({"exp": STAMP - 1}, "exp must be after iat"),
        ({"iat": STAMP + 0.5}, f"iat {INSTANT}"),
        ({"nbf": "now"}, f"nbf {INSTANT}"),
        ({"aud": 1}, f"aud {TEXT}"),
        ({"aud": {"a": "b"}}, f"aud {TEXT}"),
        ({"aud": ["https://mail.example.com", 1]}, f"aud[1] {TEXT}"),
        ({"sub": ""}, f"sub {TEXT}"),
        ({"sub": 7}, f"sub {TEXT}"),
        ({"sub": "a\r\nX-Injected: b"}, f"sub {TEXT}"),
        ({"sub": "x" * 256}, f"sub {TEXT}"),
        ({"jti": 5}, f"jti {TEXT}"),
        ({"eat_profile": "tag:github.com,2023:veraison/ear"}, NO_PROFILE),
        ({"eat_profile": "tag:mailgate.example,2026:device-attestation:2"}, NO_PROFILE),
        ({"ear.verifier-id": "mdm"}, "ear.verifier-id must be an object"),
        ({"ear.verifier-id": {"developer": 1, "build": "1"}}, f"ear.verifier-id.developer {TEXT}"),
        ({"ear.verifier-id": {"developer": "x", "build": 1}}, f"ear.verifier-id.build {TEXT}"),
        ({"form": "fridge"}, "form must be one of desktop, laptop, phone, tablet"),
        ({"form": ["phone"]}, f"form {TEXT}"),
        ({"os": "iPhone OS"}, SYSTEMS),
        ({"os": "other"}, SYSTEMS),
        ({"os_version": 18}, f"os_version {TEXT}"),
        ({"managed": "yes"}, "managed must be true or false"),
        ({"managed": 1}, "managed must be true or false"),
        ({"enrolment": "byod"}, ENROLMENTS),
        ({"enrolment": True}, f"enrolment {TEXT}"),
        ({"apps": APPS | {"asked": "tiktok"}}, "apps.asked must be a list of texts"),
        ({"apps": APPS | {"asked": None}}, "apps.asked must be a list of texts"),
        ({"user": ["a", "b"]}, f"user {TEXT}"),
        ({"eas_ids": "ApplDMPX"}, "eas_ids must be a list of texts"),
        ({"apps": ["tiktok"]}, "apps must be an object"),
        ({"apps": APPS | {"listed": "tiktok"}}, "apps.listed must be a list of texts"),
        ({"apps": APPS | {"listed": [["tiktok"]]}}, f"apps.listed[0] {TEXT}"),
        ({"apps": APPS | {"complete": "true"}}, "apps.complete must be true or false"),
        ({"apps": APPS | {"at": STAMP + 61}}, "apps.at is in the future"),
        ({"cnf": "jkt"}, "cnf must be an object"),
        *(
            ({"cnf": {name: value}}, NO_THUMBPRINT)
            for name in ("jkt", "x5t#S256")
            for value in ("short", "A" * 42, "A" * 44, "A" * 42 + "+", "", 1)
        ),
        ({"cnf": {"jkt": THUMB, "x5t#S256": THUMB}}, "cnf must have one of jkt and x5t#S256, not both"),
        (
            submods(ear_status="perfect"),
            "submods.device.ear.status must be one of affirming, contraindicated, none, warning",
        ),
        ({"submods": {"device": []}}, "submods.device must be an object"),
    ],
)
def test_claims_of_a_wrong_type_or_value_are_refused(gate, changes: dict[str, object], detail: str) -> None:
    result = gate.verify(gate.token(changes))
    assert (result.refused, result.detail) == (Reason.TOKEN_CLAIM_WRONG, detail)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": None}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": ["https://mdm.example.com"]}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": "https://mdm.example.com/"}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"aud": "https://mail.example.com/"}, Reason.TOKEN_AUDIENCE_WRONG),
        ({"aud": []}, Reason.TOKEN_AUDIENCE_WRONG),
        ({"cnf": {}}, Reason.TOKEN_UNBOUND),
        ({"cnf": None}, Reason.TOKEN_UNBOUND),
        ({"cnf": {"kid": "device"}}, Reason.TOKEN_UNBOUND),
        ({"cnf": {"x5t#S256": THUMB}}, Reason.PROOF_MISSING),
        ({"iat": STAMP + 60, "nbf": None}, None),
        ({"iat": STAMP + 61, "nbf": None}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": STAMP + 61, "nbf": STAMP}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": STAMP, "nbf": STAMP + 60}, None),
        ({"iat": STAMP, "nbf": STAMP + 61}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": STAMP - 3600, "nbf": None, "exp": STAMP - 59}, None),
        ({"iat": STAMP - 3600, "nbf": None, "exp": STAMP - 60}, Reason.TOKEN_EXPIRED),
        ({"apps": APPS | {"at": STAMP + 60}}, None),
        ({"apps": APPS | {"at": 0}}, None),
        ({"exp": STAMP + 1}, None),
        ({"exp": STAMP + 86_400}, None),
        ({"exp": STAMP + 86_401}, Reason.TOKEN_TOO_LONG_LIVED),
        ({"iat": 0}, Reason.TOKEN_TOO_LONG_LIVED),
    ],
)
def test_a_token_with_other_faults_is_refused(gate, changes: dict[str, object], reason: Reason) -> None:
    assert gate.verify(gate.token(changes)).refused is reason


def test_a_report_may_be_younger_than_the_token_and_empty_without_an_os(gate) -> None:
    token = gate.token({"iat": STAMP - 30, "nbf": None, "os": None, "apps": APPS | {"listed": []}})
    assert gate.verify(token).refused is None


def test_aud_may_be_a_list_with_this_gate_in_it(gate) -> None:
    token = gate.token({"aud": ["https://other.example.com", "https://mail.example.com"]})
    assert gate.verify(token).refused is None


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("status", ["none", "affirming", "warning"])
def test_a_report_that_nobody_vouches_for_is_never_complete(gate, status: str, complete: bool) -> None:
    said = submods(ear_status=status) | {"apps": APPS | {"complete": complete}}
    result = gate.verify(gate.token(said))
    assert result.apps is not None
    assert (result.status, result.apps.present) == (status, {"tiktok"})
    assert result.apps.complete is (complete and status != "none")


OWN = "https://mail.example.com"


@pytest.mark.parametrize("issuer", ["https://a.example.com", OWN, "https://z.example.com"])
def test_only_a_token_of_the_gate_is_a_self_report(gate, issuer: str) -> None:
    """It lives for ten minutes to the second, may count without a proof, and need not name the system of its apps."""
    gate.rebuild({issuer: gate.issuers[ISSUER]}, own=OWN)
    own, said = issuer == OWN, {"iss": issuer, "exp": STAMP + 600}
    assert gate.verify(gate.token(said)).self_reported is own
    reported = {"extension_version": "0.2.0", "install_type": "admin", "managed": True}
    assert (gate.verify(gate.token(said | {"reported": reported})).extension is not None) is own
    for seconds, bearer in ((599, own), (600, False)):
        later = NOW + timedelta(seconds=seconds)
        without = gate.without_proof(gate.token(said | {"bearer": True}), now=later)
        assert (without.refused is None) is bearer
    for bearer in (False, None):
        refused = gate.without_proof(gate.token(said | {"bearer": bearer})).refused
        assert refused is Reason.PROOF_MISSING
    longer = gate.verify(gate.token(said | {"exp": STAMP + 601})).refused
    assert longer is (Reason.TOKEN_TOO_LONG_LIVED if own else None)
    gate.asked.clear()
    unnamed = gate.verify(gate.token(said | {"os": None}))
    assert unnamed.refused is (None if own else Reason.TOKEN_CLAIM_MISSING)
    assert {system for system, _ in gate.asked} == ({"other"} if own else set())


def test_a_gate_that_signs_nothing_has_no_token_of_its_own(gate) -> None:
    assert gate.verify(gate.token()).self_reported is False
    assert gate.without_proof(gate.token({"bearer": True})).refused is Reason.PROOF_MISSING


@pytest.mark.parametrize("bearer", [1, "true", None])
def test_the_bearer_claim_must_be_true_or_false(gate, bearer: object) -> None:
    gate.rebuild(gate.issuers, own=ISSUER)
    claims = gate.claims({"exp": STAMP + 600}) | {"bearer": bearer}
    result = gate.without_proof(mint.sign_token(claims, ISSUER_KEY))
    assert (result.refused, result.detail) == (Reason.TOKEN_CLAIM_WRONG, "bearer must be true or false")


ALGORITHMS = "alg must be one of ES256, Ed25519"


@pytest.mark.parametrize(
    ("header", "reason", "detail"),
    [
        ({"typ": "JWT"}, Reason.TOKEN_TYP_WRONG, "typ must be device-attestation+jwt"),
        ({"typ": "x"}, Reason.TOKEN_TYP_WRONG, "typ must be device-attestation+jwt"),
        ({"typ": None}, Reason.TOKEN_TYP_WRONG, "typ must be device-attestation+jwt"),
        ({"alg": None}, Reason.TOKEN_ALG_REFUSED, ALGORITHMS),
        ({"alg": "EdDSA"}, Reason.TOKEN_ALG_REFUSED, ALGORITHMS),
        ({"alg": ["ES256"]}, Reason.TOKEN_ALG_REFUSED, ALGORITHMS),
        ({"alg": "Ed25519"}, Reason.TOKEN_ALG_REFUSED, "the key that kid names is for ES256"),
        ({"kid": "okp"}, Reason.TOKEN_ALG_REFUSED, "the key that kid names is for Ed25519"),
        ({"kid": None}, Reason.TOKEN_KID_MISSING, "the header has no kid"),
        ({"kid": 1}, Reason.TOKEN_KID_UNKNOWN, "kid names no key of https://mdm.example.com"),
        ({"kid": ["issuer-1"]}, Reason.TOKEN_KID_UNKNOWN, "kid names no key of https://mdm.example.com"),
    ],
)
def test_a_wrong_header_is_refused(gate, header: dict[str, object], reason: Reason, detail: str) -> None:
    okp = OKPKey.derive_key(b"o" * 32, "Ed25519", {"kid": "okp"})
    gate.rebuild({ISSUER: parse_jwks(mint.jwks(ISSUER_KEY, okp))})
    said = {"typ": "device-attestation+jwt", "alg": "ES256", "kid": "issuer-1"} | header
    token = raw.signed(raw.without_nulls(said), gate.claims(), ISSUER_KEY.private_key)
    result = gate.verify(token)
    assert (result.refused, result.detail) == (reason, detail)


def test_a_refusal_says_nothing_about_the_device(gate) -> None:
    result = gate.verify(gate.token({"user": "user@example.com", "form": "fridge"}))
    assert (result.device_id, result.kind, result.user, result.apps) == ("", None, "", None)
    assert "user@example.com" not in repr(result)


@pytest.mark.parametrize("name", ["crit", "b64", "jku", "jwk", "x5u", "x5c"])
def test_a_token_brings_no_key_of_its_own_and_no_other_rules(gate, name: str) -> None:
    """RFC 8725, 3.5 and 3.10: what names a key, or changes how the token is read, is refused before anything is read of it."""
    token = gate.token()
    head, rest = token.split(".", 1)
    header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4))) | {name: "https://evil.example"}
    forged = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    result = gate.verify(f"{forged}.{rest}")
    assert (result.refused, result.detail) == (Reason.TOKEN_MALFORMED, f"the header must not have {name}")


@pytest.mark.parametrize(
    ("tier", "values"),
    [
        ("none", [-1, 0, 1]),
        ("affirming", [-32, -2, 2, 31]),
        ("warning", [-96, -33, 32, 95]),
        ("contraindicated", [-128, -97, 96, 127]),
    ],
)
def test_tiers_have_the_borders_of_ar4si(tier: str, values: list[int]) -> None:
    assert {tier_of(value) for value in values} == {tier}


def status(said: str, **vector: object) -> str:
    return read_status(Claims({"ear.status": said, "ear.trustworthiness-vector": vector}, "device"))


@pytest.mark.parametrize(
    ("said", "worst"),
    [("affirming", 31), ("affirming", 0), ("warning", 32), ("warning", 2), ("none", 2), ("none", 0)],
)
def test_a_status_may_say_less_than_its_vector(said: str, worst: int) -> None:
    assert status(said, hardware=2, executables=worst) == said


@pytest.mark.parametrize(
    ("said", "worst"), [("affirming", 32), ("affirming", -97), ("warning", 96), ("none", 33), ("none", 96)]
)
def test_a_status_may_not_say_more_than_its_vector(said: str, worst: int) -> None:
    with pytest.raises(ClaimWrongError) as caught:
        status(said, hardware=2, unheard_of=worst)
    assert str(caught.value) == "device.ear.status is better than the worst claim of its vector"


@pytest.mark.parametrize("value", [128, -129, 2.0, True, "2", None])
def test_a_vector_claim_is_a_small_whole_number(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"hardware must be a whole number from -128 to 127$"):
        status("affirming", hardware=value)


@pytest.mark.parametrize("worst", [-128, 0, 2, 32, 96, 127])
def test_a_contraindicated_device_is_refused(worst: int) -> None:
    with pytest.raises(Refused) as caught:
        status("contraindicated", hardware=worst)
    assert caught.value.reason is Reason.TOKEN_CONTRAINDICATED
    assert caught.value.detail == "the issuer says that this device must not be trusted"


@pytest.mark.parametrize("said", ["affirming", "warning", "none"])
def test_the_vector_may_be_left_out_and_the_status_may_not(said: str) -> None:
    assert read_status(Claims({"ear.status": said})) == status(said) == said
    with pytest.raises(ClaimMissingError, match=r"^ear\.status is missing$"):
        read_status(Claims({"ear.trustworthiness-vector": {}}))


def test_a_status_is_one_of_four_words() -> None:
    with pytest.raises(ClaimWrongError) as caught:
        status("fine")
    words = "affirming, contraindicated, none, warning"
    assert str(caught.value) == f"device.ear.status must be one of {words}"

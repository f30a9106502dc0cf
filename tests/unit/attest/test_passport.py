import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model import Kind, Reason

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
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
        (None, None),
    ],
)
def test_form_is_the_kind(gate, form: str | None, kind: Kind | None) -> None:
    assert gate.verify(gate.token({"form": form})).kind is kind


@pytest.mark.parametrize("claim", ["nbf", "form", "os_version", "managed", "user", "eas_ids", "apps"])
def test_claims_that_may_be_left_out(gate, claim: str) -> None:
    assert gate.verify(gate.token({claim: None})).refused is None


@pytest.mark.parametrize(
    "claim",
    ["aud", "sub", "iat", "exp", "jti", "eat_profile", "ear.verifier-id", "submods", "os"],
)
def test_claims_that_must_be_there(gate, claim: str) -> None:
    result = gate.verify(gate.token({claim: None}))
    assert result.refused is Reason.TOKEN_CLAIM_MISSING
    assert result.detail.startswith(claim)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": float(STAMP + 60)},
        {"exp": True},
        {"exp": "1795521600"},
        {"exp": -1},
        {"exp": 10**18},
        {"exp": STAMP},
        {"exp": STAMP - 1},
        {"iat": STAMP + 0.5},
        {"nbf": "now"},
        {"aud": 1},
        {"aud": {"a": "b"}},
        {"aud": ["https://mail.example.com", 1]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\r\nX-Injected: b"},
        {"sub": "x" * 256},
        {"jti": 5},
        {"eat_profile": "tag:github.com,2023:veraison/ear"},
        {"ear.verifier-id": "mdm"},
        {"form": "fridge"},
        {"form": ["phone"]},
        {"os": "iPhone OS"},
        {"managed": "yes"},
        {"managed": 1},
        {"user": ["a", "b"]},
        {"eas_ids": "ApplDMPX"},
        {"apps": ["tiktok"]},
        {"apps": APPS | {"listed": "tiktok"}},
        {"apps": APPS | {"listed": [["tiktok"]]}},
        {"apps": APPS | {"complete": "true"}},
        {"apps": APPS | {"at": STAMP + 61}},
        {"cnf": "jkt"},
        {"cnf": {"jkt": "short"}},
        {"cnf": {"jkt": 1}},
        {"cnf": {"jkt": THUMB, "x5t#S256": THUMB}},
        submods(ear_status="perfect"),
        {"submods": {"device": []}},
    ],
)
def test_claims_of_a_wrong_type_or_value(gate, changes: dict[str, object]) -> None:
    assert gate.verify(gate.token(changes)).refused is Reason.TOKEN_CLAIM_WRONG


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": None}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": ["https://mdm.example.com"]}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": "https://mdm.example.com/"}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"aud": "https://mail.example.com/"}, Reason.TOKEN_AUDIENCE_WRONG),
        ({"aud": []}, Reason.TOKEN_AUDIENCE_WRONG),
        ({"cnf": {}}, Reason.TOKEN_UNBOUND),
        ({"cnf": {"kid": "device"}}, Reason.TOKEN_UNBOUND),
        ({"apps": {"at": STAMP, "complete": True}}, Reason.TOKEN_CLAIM_MISSING),
        ({"apps": {"listed": [], "complete": True}}, Reason.TOKEN_CLAIM_MISSING),
        ({"apps": {"at": STAMP, "listed": []}}, Reason.TOKEN_CLAIM_MISSING),
        ({"iat": STAMP + 61, "nbf": None}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": STAMP + 61, "nbf": STAMP}, Reason.TOKEN_NOT_YET_VALID),
        ({"exp": STAMP + 86_401}, Reason.TOKEN_TOO_LONG_LIVED),
        ({"iat": 0}, Reason.TOKEN_TOO_LONG_LIVED),
        (submods(), Reason.TOKEN_CLAIM_MISSING),
    ],
)
def test_other_refusals(gate, changes: dict[str, object], reason: Reason) -> None:
    assert gate.verify(gate.token(changes)).refused is reason


def test_a_report_may_be_younger_than_the_token_and_empty_without_an_os(gate) -> None:
    token = gate.token({"iat": STAMP - 30, "nbf": None, "os": None, "apps": APPS | {"listed": []}})
    assert gate.verify(token).refused is None


def test_aud_may_be_a_list_with_this_gate_in_it(gate) -> None:
    token = gate.token({"aud": ["https://other.example.com", "https://mail.example.com"]})
    assert gate.verify(token).refused is None


def test_a_report_that_nobody_vouches_for_is_never_complete(gate) -> None:
    result = gate.verify(gate.token(submods(ear_status="none")))
    assert result.apps is not None
    assert (result.status, result.apps.complete, result.apps.present) == ("none", False, {"tiktok"})


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
    assert gate.verify(f"{forged}.{rest}").refused is Reason.TOKEN_MALFORMED
